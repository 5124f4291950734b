"""Accounts that don't want to be imitated: from then on nobody trains them, and what there is of them is silent.

Whoever asks is believed: silence harms nobody, and who can undo it is the operator, with `mynah optout rm`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain import Caller, Persona
from bot.errors import NotAllowed
from bot.texts import Text
from bot.usecases.services import Services

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Silence:
    """What an opt-out has done: personas that are silent, jobs that are cancelled; addresses are out of its reach."""

    personas: tuple[str, ...]
    jobs: tuple[int, ...]
    published: tuple[str, ...]


async def opt_out(services: Services, caller: Caller, handle: str) -> list[str]:
    """Returns the personas that are silent from now on. Raises Limited."""
    await services.gate.opting_out(caller)
    done = await silence(services, handle)
    logger.warning(
        "@%s is opted out, by %s user %s; mynah optout rm @%s undoes it", handle, caller.platform, caller.user, handle
    )
    for address in done.published:
        logger.warning("what was made of @%s is published at %s: delete it there", handle, address)
    return list(done.personas)


async def silence(services: Services, handle: str) -> Silence:
    """From now on nobody trains the account, and nothing that was made of it speaks."""
    await services.chats.opt_out(handle)
    waiting = await services.store.unfinished_jobs()
    jobs = [job.id for job in waiting if handle in {account.handle for account in job.accounts}]
    cancelled = [job for job in jobs if await services.jobs.cancel(job)]
    personas = await made_of(services, handle)
    return Silence(tuple(personas), tuple(cancelled), tuple(await published(services, personas)))


async def made_of(services: Services, handle: str) -> list[str]:
    """Personas that imitate an account, alone or in a blend."""
    return [name for name, handles in (await services.store.names()).items() if handle in handles]


async def published(services: Services, personas: Iterable[str]) -> list[str]:
    """Addresses at which they are, as far as they were published from here."""
    return [one.address for name in personas for one in await services.store.publications(name)]


async def check_wanted(services: Services, handles: Iterable[str]) -> None:
    """Raises NotAllowed when one of the accounts doesn't want to be imitated."""
    if unwilling := sorted(await services.chats.optouts() & set(handles)):
        raise NotAllowed(Text("@{handle} doesn't want to be imitated, and I respect that.", handle=unwilling[0]))


async def willing(services: Services, personas: Iterable[Persona]) -> list[Persona]:
    """Those that may speak."""
    optouts = await services.chats.optouts()
    return [one for one in personas if not optouts & set(one.weights)]
