"""What goes where personas and posts take more of the disk than they may.

Never a current version, never the posts that a persona keeps.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.errors import DiskFull
from bot.figures import bytes_text
from bot.settings import DiskSettings
from bot.usecases.services import Services, whole
from bot.usecases.stock import Item, Survey, Usage, Why, orphans, survey, unused, used_handles

GIGABYTE, MEGABYTE = 10**9, 2**20
WARN_FROM = 0.8  # of a budget
WARNED = "disk-warning"  # the note that has the day of the last one
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """Bytes; None: no limit. `free`: what has to be left."""

    personas: int | None
    posts: int | None
    free: int


def limits(settings: DiskSettings) -> Limits:
    return Limits(
        personas=round(settings.personas_gigabytes * GIGABYTE) or None,
        posts=round(settings.posts_gigabytes * GIGABYTE) or None,
        free=settings.keep_free_megabytes * MEGABYTE,
    )


def plan(survey: Survey, allowed: Limits, all_old: bool = False) -> tuple[Item, ...]:
    """What goes, so that less than the limits is taken; with `all_old`, everything that isn't a current version."""
    usage = survey.usage
    over = max(_over(usage.personas, allowed.personas), allowed.free - usage.free)
    versions = [item for item in survey.items if item.why is not Why.UNUSED]
    posts = [item for item in survey.items if item.why is Why.UNUSED]
    chosen = versions if all_old else _until(versions, over)
    return (*chosen, *_until(posts, _over(usage.posts, allowed.posts)))


def _over(n_bytes: int, limit: int | None) -> int:
    """By how much, and a little more: what is at its limit has no room for anything."""
    return 0 if limit is None or n_bytes < limit else n_bytes - limit + 1


def _until(items: Iterable[Item], n_bytes: int) -> list[Item]:
    """The first of them, as many as make so much room."""
    chosen: list[Item] = []
    for item in items:
        if sum(one.n_bytes for one in chosen) >= n_bytes:
            break
        chosen.append(item)
    return chosen


async def prune(services: Services, items: Iterable[Item]) -> tuple[Item, ...]:
    """Remove these, the record of each first. Returns what has gone: what is used by now stays."""
    gone = []
    for item in items:
        if await _REMOVE[item.why](services, item):
            logger.info("pruned %s (%s): %s", item.name, bytes_text(item.n_bytes), item.why)
            gone.append(item)
    return tuple(gone)


async def _remove_version(services: Services, item: Item) -> bool:
    try:
        dropped = await services.library.drop_version(item.persona, item.number)
    except DiskFull:  # a record without files is no harm, and it is the files that make room
        persona = await services.store.persona(item.persona)
        dropped = persona is not None and persona.version != item.number
    if dropped:
        await services.pool.drop_one(f"{item.persona}/v{item.number}")
    return dropped and await asyncio.to_thread(_delete, services.folders.root / item.name)


async def _remove_orphan(services: Services, item: Item) -> bool:
    async with services.arranging:
        versions, jobs = await services.library.versions(), await services.store.unfinished_jobs()
        still = await asyncio.to_thread(lambda: {one.name for one in orphans(services.folders, versions, jobs)})
        place = services.folders.root / item.name
        return item.name in still and await whole(asyncio.to_thread(_delete, place))


async def _remove_posts(services: Services, item: Item) -> bool:
    handle = item.name.removeprefix("accounts/")
    still = await asyncio.to_thread(lambda: list(unused(services.folders, (), handle)))
    if not still or handle in await used_handles(services.store):
        return False
    try:
        services.sources.forget(handle)  # at once: nothing comes between
    except OSError as error:
        logger.warning("%s could not be deleted: %s", item.name, error)
        return False
    return True


_REMOVE = {Why.OLD: _remove_version, Why.ORPHAN: _remove_orphan, Why.UNUSED: _remove_posts}


def _delete(place: Path) -> bool:
    """False: it can't be deleted; then it is an orphan from now on."""
    shutil.rmtree(place, ignore_errors=True)
    return not place.exists()


async def make_room(services: Services, today: Callable[[], str] | None = None) -> None:
    """Before a training: prune what is over its budget, warn where one is nearly used up. Raises DiskFull."""
    found, allowed = await _survey(services), limits(services.settings.disk)
    if chosen := plan(found, allowed):
        await prune(services, chosen)
        found = await _survey(services)
    check_budgets(found.usage, services.settings.disk)
    if warning := warn(found, allowed):
        await _once_a_day(services, warning, today() if today else f"{datetime.now(UTC):%Y-%m-%d}")


async def _survey(services: Services) -> Survey:
    return await survey(services.folders, services.store, services.library)


def check_budgets(usage: Usage, settings: DiskSettings) -> None:
    """Raises DiskFull where there is nothing left that may go."""
    allowed = limits(settings)
    if _over(usage.personas, allowed.personas):
        raise DiskFull(
            f"The personas take {bytes_text(usage.personas)}, and disk.personas_gigabytes is "
            f"{settings.personas_gigabytes:g}. Only current versions are left, so nothing is trained; talking goes on. "
            "Remove personas (mynah models rm), or raise that budget."
        )
    if _over(usage.posts, allowed.posts):
        raise DiskFull(
            f"The posts take {bytes_text(usage.posts)}, and disk.posts_gigabytes is {settings.posts_gigabytes:g}. "
            "All that are left belong to personas and jobs, so nothing is trained; talking goes on. Remove personas "
            "(mynah models rm), or raise that budget."
        )


def warn(survey: Survey, allowed: Limits) -> str:
    """What to tell the operator; "": all is well."""
    usage = survey.usage
    near = [
        f"{name} take {bytes_text(n_bytes)} of {bytes_text(limit)}"
        for name, n_bytes, limit in (
            ("personas", usage.personas, allowed.personas),
            ("posts", usage.posts, allowed.posts),
        )
        if limit is not None and n_bytes >= WARN_FROM * limit
    ]
    if not near:
        return ""
    going = ", ".join(f"{item.name} ({bytes_text(item.n_bytes)})" for item in survey.items[:3])
    then = f"at the limit, these go first: {going}" if going else "at the limit, nothing is trained any more"
    return f"The disk's budget is nearly used up: {'; '.join(near)}. {then.capitalize()}. See: mynah models prune"


async def _once_a_day(services: Services, warning: str, day: str) -> None:
    if await services.chats.note(WARNED) != day:
        logger.warning("%s", warning)
        with suppress(DiskFull):
            await services.chats.set_note(WARNED, day)
