"""What personas there are, and forgetting one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.domain import Caller, Job, Persona, is_private
from bot.errors import BadInput, NotAllowed, NotFound
from bot.policy import check_trainer
from bot.texts import Text
from bot.usecases.optouts import willing
from bot.usecases.say import spelt
from bot.usecases.services import Services, whole
from bot.usecases.stock import used_handles


@dataclass(frozen=True)
class Forgetting:
    """What would go. `blends` are other personas made from some of the same accounts: they stay."""

    name: str
    n_bytes: int
    posts: int
    blends: tuple[str, ...]
    job: Job | None  # queued or running: it would be cancelled
    accounts: tuple[str, ...] = ()
    shared: bool = False  # others see it too: it would go from this space only
    published: tuple[str, ...] = ()  # addresses, for the operator: there it stays


async def list_personas(services: Services, caller: Caller) -> list[Persona]:
    """Those that this person may hear."""
    return await willing(services, await services.store.personas(caller.space))


async def find_public(services: Services, name: str) -> Persona | None:
    """A persona that was made of public posts alone, whosever it is; none while it is being trained with others."""
    persona = await services.store.persona(name)
    if persona is None or any(is_private(account.source) for account in persona.manifest.corpus.accounts):
        return None
    if await services.store.active_job(name) is not None or not await willing(services, [persona]):
        return None
    return persona


async def reveal(services: Services, caller: Caller, name: str) -> None:
    """Who may train here may have a public persona of others shown here, as `/train` would. Raises NotAllowed."""
    seen = await services.store.names(caller.space)
    if caller.space and name not in seen and await find_public(services, name) is not None:
        check_trainer(await services.chats.rules(caller.space), caller)
        await services.store.show(name, caller.space)


async def plan_forgetting(services: Services, caller: Caller, name: str) -> Forgetting:
    """Raises NotFound when there is neither a persona nor a job of this name; it names blends of the account.

    Raises NotAllowed when it isn't this person's to forget.
    """
    personas = await services.store.personas(caller.space)
    name = spelt(name, {one.name for one in personas})
    persona = next((one for one in personas if one.name == name), None)
    job = await services.store.active_job(name)
    if job is not None and caller.space not in {"", job.caller.space}:
        job = None
    await _check_forgetting(services, caller, persona)
    accounts = persona.manifest.corpus.accounts if persona else ()
    handles = {account.handle for account in accounts or (job.accounts if job else ())} or {name}
    blends = tuple(
        one.name
        for one in personas
        if one.name != name and handles & {account.handle for account in one.manifest.corpus.accounts}
    )
    if persona is None and job is None and (caller.space or not _left_overs(services, name)):
        raise NotFound(
            Text(
                "There is no persona @{persona}, so there is nothing to forget. /personas lists them.{blends}",
                persona=name,
                blends=blends_note(blends),
            )
        )
    n_bytes = persona.n_bytes if persona else 0
    shared = bool(caller.space and await services.store.spaces(name) - {caller.space})
    posts = sum(account.downloaded for account in accounts) or sum(map(services.sources.n_read, handles))
    published = () if caller.space else tuple(one.address for one in await services.store.publications(name))
    return Forgetting(name, n_bytes, posts, blends, job, tuple(sorted(handles)), shared, published)


def _left_overs(services: Services, name: str) -> bool:
    """Files of a persona that is recorded nowhere, or posts that were read for one that never came to be."""
    return services.folders.persona(name).exists() or services.sources.has_read(name)


def blends_note(blends: Sequence[str]) -> str:
    """Where else an account's posts are."""
    if not blends:
        return ""
    names = ", ".join(f"@{name}" for name in blends)
    return Text(" Its posts are still part of {names}; forget those by name.", names=names)


async def _check_forgetting(services: Services, caller: Caller, persona: Persona | None) -> None:
    if not caller.space:
        return
    if not caller.admin and not caller.private:
        raise NotAllowed(Text("Only admins may make me forget a persona. If it imitates you: /optout"))
    if persona is not None and "" in await services.store.spaces(persona.name):
        raise NotAllowed(Text("@{persona} is the operator's, who alone can make me forget it.", persona=persona.name))


async def forget(services: Services, caller: Caller, plan: Forgetting) -> bool:
    """Remove posts, corpus, weights and the resident copy; cancel its job. Raises BadInput when the disk won't.

    False: others see it too; then it is gone from this space only. Once the job has stopped, it is done whole.
    """
    if caller.space and await services.store.spaces(plan.name) - {caller.space}:
        await services.store.hide(plan.name, caller.space)
        return False
    job = await services.store.active_job(plan.name)  # perhaps a newer one than the plan's, whoever asked for it
    if job is not None:
        await services.jobs.cancel(job.id)
    await whole(_forget(services, plan))
    return True


async def _forget(services: Services, plan: Forgetting) -> None:
    try:
        await services.store.forget(plan.name)
        await services.pool.drop(f"{plan.name}/")
    finally:
        _forget_files(services, plan.name, set(plan.accounts) - await used_handles(services.store))


def _forget_files(services: Services, name: str, accounts: Iterable[str]) -> None:
    """`accounts`: those of which nobody needs what was read of them on networks."""
    try:
        services.folders.forget(name)
        for handle in accounts:
            services.sources.forget(handle)
    except OSError as error:
        raise BadInput(
            Text(
                "@{persona} is forgotten, but some of its files could not be deleted ({error}). The operator can "
                "delete the folder {folder} by hand.",
                persona=name,
                folder=services.folders.relative(services.folders.persona(name)),
                error=error.strerror,
            )
        ) from error
