"""Train a persona: submit a job, or look at what it would do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot.arguments import TrainArguments
from bot.domain import (
    AccountSource,
    Caller,
    Job,
    Outlook,
    Persona,
    Voice,
    already_training,
    is_private,
    kept_by,
    train_command,
)
from bot.errors import AlreadyThere, AlreadyTraining, BadInput, Busy, Costly, Limited, NotAllowed
from bot.money import MICRO, dollars, micro, over_budget
from bot.ports import Sources
from bot.preparation import prepare, preview, split_prepared
from bot.settings import Settings
from bot.texts import Text
from bot.training import NOBODYS, nothing_new
from bot.usecases.optouts import check_wanted
from bot.usecases.services import Services
from trainer.corpus import persona_name
from trainer.protocol import AccountCounts, Hyperparameters
from trainer.recipe import CHARACTERS_PER_TOKEN, choose_epochs

Files = Callable[[], Awaitable[tuple[Path, ...]]]

# The bundled base model on a 2-core machine, before there is a training of one's own to go by (docs/measurements.md).
FIRST_GUESS = {"bundled": 2_200.0}  # tokens per second
START_SECONDS = 8.0


@dataclass(frozen=True)
class DryRun:
    """What a training would use; `seconds` is None when there is nothing to estimate it from.

    Where reading costs money, nothing is read: then there is no more than the `outlooks`. `version` is the one that it
    would go on from, if there is one, with `new_posts`.
    """

    persona: str
    accounts: tuple[AccountCounts, ...] = ()
    preview: tuple[str, ...] = ()
    characters: int = 0
    seconds: float | None = None
    version: int | None = None
    new_posts: int = 0
    outlooks: tuple[Outlook, ...] = ()


def find_accounts(
    sources: Sources, wanted: TrainArguments, keepers: Collection[str] | None = None
) -> tuple[AccountSource, ...]:
    """Pair accounts with files, in order; one without a file is looked up. Raises UserError."""
    n_files, n_voices = len(wanted.files), len(wanted.voices)
    if n_files > n_voices:
        raise BadInput(
            Text(
                "There are {files} files for {accounts} accounts; give one file for each account.",
                files=n_files,
                accounts=n_voices,
            )
        )
    files = (*wanted.files, *[None] * (n_voices - n_files))
    return tuple(_find(sources, *one, keepers, wanted) for one in zip(wanted.voices, files, strict=True))


def _find(
    sources: Sources, voice: Voice, path: Path | None, keepers: Collection[str] | None, wanted: TrainArguments
) -> AccountSource:
    if path is None:
        found = sources.resolve(voice, keepers)
    else:
        found = replace(sources.named_file(voice.handle, path), part=wanted.part)
    return replace(found, weight=voice.weight, language=wanted.language)


async def submit(
    services: Services, caller: Caller, wanted: TrainArguments, files: Files | None = None
) -> tuple[Job, int]:
    """Queue a training; returns the job and how many are before it. Raises UserError.

    `files` gets what the person sends, once it is clear that they may.
    """
    services.folders.check_free_space()
    async with services.gate.training(caller):
        wanted = replace(wanted, voices=await by_handle(services.sources, wanted.voices))
        await check_wanted(services, [voice.handle for voice in wanted.voices])
        name = persona_name(voice.handle for voice in wanted.voices)
        await _check_active(services, caller, name)
        if files is not None:
            wanted = replace(wanted, files=await files())
        accounts = find_accounts(services.sources, wanted, await _keepers(services, caller, name))
        await _check_there(services, caller, accounts)
        await check_private(services, caller, accounts, wanted.fresh)
        if not wanted.fresh:
            await _check_new(services, accounts)
        check_cost(services.settings, caller, wanted, await look(services, accounts))
        try:
            job = await services.store.add_job(accounts, name, caller, wanted.fresh)
        except AlreadyTraining:
            await _check_active(services, caller, name)  # somebody was faster: perhaps somewhere else
            raise
        services.jobs.wake()
        await services.gate.count_training(caller)
    return job, await services.store.position(job.id)


async def by_handle(sources: Sources, voices: Sequence[Voice]) -> tuple[Voice, ...]:
    """Accounts that were named by what identifies them, by their handles instead. Raises UserError."""
    named: list[Voice] = []
    for voice in voices:
        if voice.name.startswith("did:"):
            found = (await sources.look(sources.resolve(voice), 0)).account
            voice = replace(voice, handle=found.handle, name=found.reference.partition(":")[2])
        named.append(voice)
    return tuple(named)


async def look(services: Services, accounts: Sequence[AccountSource]) -> list[Outlook]:
    """What reading them would mean. Raises UserError, such as for an account that there isn't."""
    limit = services.settings.training.max_posts
    return [await services.sources.look(account, limit) for account in accounts]


def check_cost(settings: Settings, caller: Caller, wanted: TrainArguments, outlooks: Sequence[Outlook]) -> None:
    """Raises Limited when the budget doesn't allow it; Costly when somebody has to say yes first."""
    cost = sum(one.cost for one in outlooks)
    left = min((one.left for one in outlooks if one.cost), default=0)
    if not cost:
        return
    if cost > left:
        raise Limited(over_budget(cost, left, micro(settings.sources.x.monthly_budget)))
    if cost <= micro(settings.sources.x.confirm_above):
        return
    if caller.space and not caller.admin:
        raise NotAllowed(
            Text("Reading that from X would cost about {cost}. Only an admin may say yes to that.", cost=dollars(cost))
        )
    if cost <= wanted.spend:
        return
    raise Costly(
        Text(
            "Reading {posts:,} posts from X costs about {cost}; {left} are left of this month's budget.",
            posts=sum(one.n_new for one in outlooks),
            cost=dollars(cost),
            left=dollars(left),
        ),
        spend_command(wanted, cost).removeprefix("/train "),
    )


def spend_command(wanted: TrainArguments, cost: int) -> str:
    """What to type to say yes, with the whole dollars that are enough."""
    accounts = [(voice.word, voice.weight) for voice in wanted.voices]
    options = [*(["--fresh"] if wanted.fresh else []), *([f"--lang {wanted.language}"] if wanted.language else [])]
    return train_command(accounts, *options, f"--spend {-(-cost // MICRO)}")


async def _keepers(services: Services, caller: Caller, name: str) -> set[str] | None:
    """Whose kept posts this training may use; None: everybody's.

    Those of the personas that the person's space sees. The operator sees all, but what goes into a persona that there
    is stays with those who hear it: its own, and those that everybody hears.
    """
    if caller.space:
        return {one.name for one in await services.store.personas(caller.space)}
    if await services.store.persona(name) is None:
        return None
    return {name} | {one.name for one in await services.store.personas(NOBODYS)}


async def _check_active(services: Services, caller: Caller, name: str) -> None:
    """Raises AlreadyTraining, or Busy where that is somebody else's."""
    job = await services.store.active_job(name)
    if job is None:
        return
    if caller.space not in {"", job.caller.space}:
        raise Busy(Text("@{persona} is being trained at the moment. Try again later.", persona=name))
    raise already_training(job)


async def _check_there(services: Services, caller: Caller, accounts: Sequence[AccountSource]) -> None:
    """A public persona that others have is shown here as well, instead of made again. Raises AlreadyThere."""
    known = await services.store.persona(_name(accounts))
    if not caller.space or known is None or {"", caller.space} & await services.store.spaces(known.name):
        return
    sources = [*(account.reference for account in accounts), *(one.source for one in known.manifest.corpus.accounts)]
    if not any(map(is_private, sources)) and _weights(accounts) == known.weights:
        await services.store.show(known.name, caller.space)
        raise AlreadyThere(Text("@{persona} is there already, and can speak here now: /say", persona=known.name))


async def _check_new(services: Services, accounts: Sequence[AccountSource]) -> None:
    """Posts that a persona was trained with are not new. Raises BadInput."""
    known, settings = await services.store.persona(_name(accounts)), services.settings
    if known is None or _weights(accounts) != known.weights:
        return
    as_before = (known.manifest.run.method, known.manifest.base.name) == (settings.training.method, settings.base_model)
    sources = {account.source for account in known.manifest.corpus.accounts}
    own = all(_is_known(account.reference, known.name, sources) for account in accounts)
    if as_before and own:
        raise nothing_new(known)


def _is_known(reference: str, persona: str, sources: Collection[str]) -> bool:
    """Posts that can't have changed since: those that it has kept itself, and samples."""
    return kept_by(reference) == persona or (reference.startswith("sample:") and reference in sources)


def _weights(accounts: Sequence[AccountSource]) -> dict[str, float]:
    return {account.handle: account.weight for account in accounts}


async def check_private(
    services: Services, caller: Caller, accounts: Sequence[AccountSource], fresh: bool = False
) -> None:
    """Nobody changes a persona that others see, but for going on with its public posts. Raises NotAllowed.

    What people of one space have given stays there, and doesn't come into what others hear.
    """
    known = await services.store.persona(_name(accounts))
    spaces = await services.store.spaces(known.name) if known else set()
    if not caller.space or known is None or spaces == {caller.space}:
        return
    if not {"", caller.space} & spaces and any(is_private(one.source) for one in known.manifest.corpus.accounts):
        raise NotAllowed(
            Text("Somebody else has a persona @{persona}. Give the account another name.", persona=known.name)
        )
    given = any(is_private(account.reference) for account in accounts)
    begins_anew = fresh and any(is_private(one.source) for one in known.manifest.corpus.accounts)
    if given or begins_anew or _weights(accounts) != known.weights:
        raise NotAllowed(
            Text(
                "@{persona} is there for others, too: it can go on with new public posts, but can't be changed "
                "from here.",
                persona=known.name,
            )
        )


def _name(accounts: Sequence[AccountSource]) -> str:
    return persona_name(account.handle for account in accounts)


async def dry_run(services: Services, wanted: TrainArguments) -> DryRun:
    """Fetch and clean, and train nothing. Raises UserError."""
    wanted = replace(wanted, voices=await by_handle(services.sources, wanted.voices))
    accounts = find_accounts(services.sources, wanted)
    outlooks = await look(services, accounts)
    if any(one.cost for one in outlooks):
        return DryRun(_name(accounts), outlooks=tuple(outlooks))
    before = None if wanted.fresh else await services.store.persona(_name(accounts))
    name = before.name if before else None
    prepared = await prepare(services.sources, accounts, services.settings, lambda progress: None, name)
    corpus = split_prepared(prepared, services.settings.training.seed)
    characters = sum(map(len, corpus.train))
    return DryRun(
        persona=_name(accounts),
        accounts=tuple(one.counts for one in prepared),
        preview=preview(prepared).posts,
        characters=characters,
        seconds=estimate_seconds(characters, services.settings, await services.store.personas(), bool(before)),
        version=before.version if before else None,
        new_posts=sum(one.new for one in prepared),
    )


def estimate_seconds(
    characters: int, settings: Settings, personas: Sequence[Persona], refreshing: bool = False
) -> float | None:
    """From the speed of the latest training of this kind; for the bundled base model, from a first guess."""
    kind = (settings.base_model, settings.training.method)
    known = [one.manifest for one in personas if (one.manifest.base.name, one.manifest.run.method) == kind]
    if known:
        latest = max(known, key=lambda manifest: manifest.created_at)
        speed = latest.run.tokens_per_second
    elif settings.base_model in FIRST_GUESS:
        speed = FIRST_GUESS[settings.base_model]
    else:
        return None
    wished = Hyperparameters(method=settings.training.method, epochs=settings.training.epochs)
    n_tokens = round(characters / CHARACTERS_PER_TOKEN)
    return START_SECONDS + n_tokens * choose_epochs(wished, n_tokens, refreshing) / speed
