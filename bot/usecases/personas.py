"""What personas there are, and forgetting one."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Job, Persona
from bot.errors import BadInput, NotFound
from bot.usecases.services import Services


@dataclass(frozen=True)
class Forgetting:
    """What would go. `blends` are other personas made from some of the same accounts: they stay."""

    name: str
    n_bytes: int
    posts: int
    blends: tuple[str, ...]
    job: Job | None  # queued or running: it would be cancelled


async def list_personas(services: Services) -> list[Persona]:
    return await services.store.personas()


async def plan_forgetting(services: Services, name: str) -> Forgetting:
    """Raises NotFound when there is neither a persona nor a job of this name; it names blends of the account."""
    personas = await services.store.personas()
    persona = next((one for one in personas if one.name == name), None)
    job = await services.store.active_job(name)
    accounts = persona.manifest.corpus.accounts if persona else ()
    handles = {account.handle for account in accounts} or {name}
    blends = tuple(
        one.name
        for one in personas
        if one.name != name and handles & {account.handle for account in one.manifest.corpus.accounts}
    )
    if persona is None and job is None and not services.folders.persona(name).exists():
        holders = "".join(f" Its posts are part of @{blend}: /forget @{blend}" for blend in blends)
        raise NotFound(f"There is no persona @{name}, so there is nothing to forget. /personas lists them.{holders}")
    n_bytes = persona.n_bytes if persona else 0
    return Forgetting(name, n_bytes, sum(account.downloaded for account in accounts), blends, job)


async def forget(services: Services, plan: Forgetting) -> None:
    """Remove posts, corpus, weights and the resident copy; cancel its job. Raises BadInput when the disk won't."""
    job = await services.store.active_job(plan.name)  # perhaps a newer one than the plan's
    if job is not None:
        await services.jobs.cancel(job.id)
    try:
        await services.store.forget(plan.name)
        await services.pool.drop(f"{plan.name}/")
    finally:
        _forget_files(services, plan.name)


def _forget_files(services: Services, name: str) -> None:
    try:
        services.folders.forget(name)
    except OSError as error:
        raise BadInput(
            f"@{name} is forgotten, but some of its files in {services.folders.persona(name)} could not be "
            f"deleted ({error.strerror}). Delete that folder by hand."
        ) from error
