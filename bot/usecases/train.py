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
    JobState,
    Outlook,
    Persona,
    Voice,
    already_training,
    check_different,
    is_private,
    kept_by,
    train_command,
)
from bot.errors import AlreadyThere, AlreadyTraining, BadInput, Busy, Costly, NotAllowed
from bot.handles import BLUESKY, X
from bot.money import dollars, micro, over_budget
from bot.ports import Sources
from bot.preparation import prepare, preview, split_prepared
from bot.settings import Settings
from bot.texts import Text
from bot.training import NOBODYS, counted, nothing_new
from bot.usecases.optouts import check_wanted
from bot.usecases.services import Services
from trainer.corpus import persona_name
from trainer.manifest import Manifest
from trainer.protocol import AccountCounts, Hyperparameters
from trainer.recipe import CHARACTERS_PER_TOKEN, choose_epochs

Files = Callable[[], Awaitable[tuple[Path, ...]]]

# The bundled base model on a 2-core machine, before there is a training of one's own to go by (docs/measurements.md).
FIRST_GUESS = {"bundled": 2_200.0}  # tokens per second
START_SECONDS = 8.0
OPERATOR = Caller(platform="console", user="console", channel="shell")


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
        wanted = await _known(services, caller, wanted, max(len(wanted.files), int(files is not None)))
        await check_wanted(services, [voice.handle for voice in wanted.voices])
        name = persona_name(voice.handle for voice in wanted.voices)
        await _check_active(services, caller, name)
        if files is not None:
            wanted = replace(wanted, files=await files())
        accounts = find_accounts(services.sources, wanted, await _keepers(services, caller, name))
        name = _name(accounts)
        seen = name in await services.store.names(caller.space)
        known = await services.store.persona(name)
        check_pulled(known, _voices(accounts), services.settings, wanted.fresh, seen)
        await check_wanted(services, [account.handle for account in accounts])
        await _check_active(services, caller, name)
        await _check_there(services, caller, accounts)
        await check_private(services, caller, accounts, wanted.fresh)
        if not wanted.fresh:
            await _check_new(services, accounts)
        check_buyer(services.settings, caller, accounts)
        accounts = await check_cost(services, caller, wanted, await look(services, accounts))
        try:
            job = await services.store.add_job(accounts, name, caller, wanted.fresh)
        except AlreadyTraining:
            await _check_active(services, caller, name)  # somebody was faster: perhaps somewhere else
            raise
        finally:
            services.jobs.wake()  # whoever goes away in the middle of it may have left a job
        await services.gate.count_training(caller)
    return job, await services.store.position(job.id)


async def _known(services: Services, caller: Caller, wanted: TrainArguments, n_files: int) -> TrainArguments:
    """With accounts where the persona has them that the caller sees, or else by their handles. Raises UserError.

    The first `n_files` come with files: those are nobody's but the person's.
    """
    voices = _files_first(wanted.voices, n_files)
    name = persona_name(voice.handle for voice in voices)
    seen = {one.name: one for one in await services.store.personas(caller.space)}
    check_pulled(seen.get(name), voices, services.settings, wanted.fresh)
    before = {voice.handle: voice for voice in seen[name].voices} if name in seen else {}
    keepers = await _keepers(services, caller, name)
    known = [
        _as_before(voice, before[voice.handle])
        if voice.handle in before
        else await services.sources.named(voice, keepers)
        for voice in voices[n_files:]
    ]
    voices = (*voices[:n_files], *known)
    check_different(voices)
    languages = set(seen[name].languages.values()) if before and not wanted.fresh else set()
    language = wanted.language or (languages.pop() if len(languages) == 1 else None)
    return replace(wanted, voices=voices, language=language)


def check_pulled(
    known: Persona | None, voices: Sequence[Voice], settings: Settings, fresh: bool, seen: bool = True
) -> None:
    """Under a name that a persona was pulled as, or renamed to, nobody else is trained.

    Raises BadInput; or NotAllowed, which says no more of a persona that the person doesn't see.
    """
    if known is None:
        return
    others = set(known.weights) != {voice.handle for voice in voices}
    if not others and (known.manifest.origin is None or fresh or can_go_on(known.manifest, settings)):
        return
    if not seen:
        raise _somebody_elses(known)
    if known.manifest.origin is None:
        raise BadInput(
            Text(
                "There is a persona @{persona} here already, made of {made}. To train another one of this name, the "
                "operator can give that one another name: {command}",
                persona=known.name,
                made=", ".join(f"@{handle}" for handle in sorted(known.weights)),
                command=f"mynah models rename @{known.name} NEW",
            )
        )
    named = {"persona": known.name, "repo": known.manifest.origin.repo}
    if others:
        made = ", ".join(f"@{handle}" for handle in sorted(known.weights))
        raise BadInput(
            Text(
                "@{persona} was pulled from {repo}, and was made of {made}. To train another persona of this name, "
                "forget that one first: /forget @{persona}",
                made=made,
                **named,
            )
        )
    raise BadInput(
        Text(
            "@{persona} was pulled from {repo}, and a training can't go on from it. To replace it: {command}",
            command=train_command(((voice.word, voice.weight) for voice in voices), "--fresh"),
            **named,
        )
    )


def can_go_on(manifest: Manifest, settings: Settings) -> bool:
    """Whether a training goes on from it, as far as that can be told here (trainer.start.find_start)."""
    run, training = manifest.run, settings.training
    if run is None or manifest.is_whole != (run.method == "full"):
        return False
    asked = (training.method, training.seed, settings.base_model)
    return (run.method, run.seed, manifest.base.name) == asked


def _files_first(voices: Sequence[Voice], n_files: int) -> tuple[Voice, ...]:
    """A file that comes with an account on X or Bluesky is the other one's: `x:alice @me --from me.txt`."""
    plain = [voice for voice in voices if voice.network not in {X, BLUESKY}]
    if len(plain) != n_files or any(voice.network for voice in plain):
        return tuple(voices)
    return (*plain, *(voice for voice in voices if voice not in plain))


def _as_before(voice: Voice, before: Voice) -> Voice:
    """On the network that it was on, where nobody says another."""
    return voice if voice.network else replace(voice, network=before.network, name=before.name)


async def look(services: Services, accounts: Sequence[AccountSource]) -> list[Outlook]:
    """What reading them would mean. Raises UserError, such as for an account that there isn't."""
    limit = services.settings.training.max_posts
    return [await services.sources.look(account, limit) for account in accounts]


def check_buyer(settings: Settings, caller: Caller, accounts: Sequence[AccountSource]) -> None:
    """Raises NotAllowed where somebody would spend the operator's money who may not: looking costs already."""
    buys = settings.sources.x.token is not None and any(one.reference.startswith("x:") for one in accounts)
    if buys and caller.space and not {caller.space, "*"} & set(settings.sources.x.spaces):
        raise NotAllowed(
            Text(
                "Reading from X costs the operator money, so it has to be allowed here first: by sources.x.spaces = "
                "[{space}] in the settings. A file or an X archive costs nothing.",
                space=f'"{caller.space}"',
            )
        )


async def check_cost(
    services: Services, caller: Caller, wanted: TrainArguments, outlooks: Sequence[Outlook]
) -> tuple[AccountSource, ...]:
    """The accounts, each with what reading it may cost.

    Raises Limited when the budget doesn't allow it; Costly when somebody has to say yes first; NotAllowed when that
    somebody is somebody else.
    """
    own, cost = services.settings.sources.x, sum(one.cost for one in outlooks)
    asked = micro(own.confirm_above)
    left = min((one.left for one in outlooks if one.left is not None), default=0) - await _promised(services, asked)
    if cost > max(0, left):
        raise over_budget(cost, left, micro(own.monthly_budget))
    if cost > asked and caller.space and not caller.admin:
        raise NotAllowed(
            Text("Reading that from X would cost about {cost}. Only an admin may say yes to that.", cost=dollars(cost))
        )
    if cost > max(asked, wanted.spend):
        raise Costly(
            Text(
                "Reading {posts:,} posts from X costs about {cost}; {left} are left of this month's budget.",
                posts=sum(one.n_new for one in outlooks),
                cost=dollars(cost),
                left=dollars(left),
            ),
            cost,
        )
    slack = (max(asked, cost) - cost) // max(1, sum(one.left is not None for one in outlooks))
    return tuple(replace(one.account, cap=None if one.left is None else one.cost + slack) for one in outlooks)


async def _promised(services: Services, asked: int) -> int:
    """What jobs that wait have been agreed to cost; what a running one has cost is on the account already."""
    waiting = [job for job in await services.store.unfinished_jobs() if job.state is JobState.QUEUED]
    agreed = [sum(account.cap or 0 for account in job.accounts) for job in waiting]
    return sum(cost for cost in agreed if cost > asked)


async def _keepers(services: Services, caller: Caller, name: str) -> set[str] | None:
    """Whose kept posts this training may use; None: everybody's.

    Those of the personas that the person's space sees. The operator sees all, but what goes into a persona that there
    is stays with those who hear it: its own, and those that everybody hears.
    """
    if caller.space:
        return set(await services.store.names(caller.space))
    if await services.store.persona(name) is None:
        return None
    return {name, *await services.store.names(NOBODYS)}


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
    if known is None or _weights(accounts) != known.weights or _languages(accounts) != known.languages:
        return
    as_before = (known.manifest.method, known.manifest.base.name) == (settings.training.method, settings.base_model)
    sources = {account.source for account in known.manifest.corpus.accounts}
    own = all(_is_known(account.reference, known.name, sources) for account in accounts)
    if as_before and own:
        raise nothing_new(known)


def _is_known(reference: str, persona: str, sources: Collection[str]) -> bool:
    """Posts that can't have changed since: those that it has kept itself, and samples."""
    return kept_by(reference) == persona or (reference.startswith("sample:") and reference in sources)


def _languages(accounts: Sequence[AccountSource]) -> dict[str, str | None]:
    return {account.handle: account.language for account in accounts}


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
        raise _somebody_elses(known)
    given = any(is_private(account.reference) for account in accounts)
    given_before = any(is_private(one.source) for one in known.manifest.corpus.accounts)
    begins_anew = fresh and (given_before or known.manifest.origin is not None)
    if given or begins_anew or _weights(accounts) != known.weights:
        raise NotAllowed(
            Text(
                "@{persona} is there for others, too: it can go on with new public posts, but can't be changed "
                "from here.",
                persona=known.name,
            )
        )


def _somebody_elses(persona: Persona) -> NotAllowed:
    return NotAllowed(
        Text("Somebody else has a persona @{persona}. Give the account another name.", persona=persona.name)
    )


def _voices(accounts: Sequence[AccountSource]) -> list[Voice]:
    return [Voice(account.handle, account.weight) for account in accounts]


def _name(accounts: Sequence[AccountSource]) -> str:
    return persona_name(account.handle for account in accounts)


async def dry_run(services: Services, wanted: TrainArguments) -> DryRun:
    """Fetch and clean, and train nothing. Raises UserError."""
    wanted = await _known(services, OPERATOR, wanted, len(wanted.files))
    accounts = find_accounts(services.sources, wanted)
    check_pulled(await services.store.persona(_name(accounts)), _voices(accounts), services.settings, wanted.fresh)
    outlooks = await look(services, accounts)
    if any(one.cost for one in outlooks):
        return DryRun(_name(accounts), outlooks=tuple(outlooks))
    accounts = tuple(replace(account, cap=0) for account in accounts)
    before = None if wanted.fresh else await services.store.persona(_name(accounts))
    name = before.name if before else None
    prepared = await prepare(services.sources, accounts, services.settings, lambda progress: None, name)
    corpus = split_prepared(prepared, services.settings.training.seed)
    characters = sum(map(len, corpus.train))
    return DryRun(
        persona=_name(accounts),
        accounts=counted(prepared, corpus),
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
    here = (one.manifest for one in personas if one.manifest.origin is None)
    known = [manifest for manifest in here if (manifest.base.name, manifest.method) == kind]
    runs = [manifest.run for manifest in sorted(known, key=lambda manifest: manifest.created_at) if manifest.run]
    if runs:
        speed = runs[-1].tokens_per_second
    elif settings.base_model in FIRST_GUESS:
        speed = FIRST_GUESS[settings.base_model]
    else:
        return None
    wished = Hyperparameters(method=settings.training.method, epochs=settings.training.epochs)
    n_tokens = round(characters / CHARACTERS_PER_TOKEN)
    return START_SECONDS + n_tokens * choose_epochs(wished, n_tokens, refreshing) / speed
