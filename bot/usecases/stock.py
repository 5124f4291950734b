"""What lies on the disk: how much, and what of it is no current version, recorded nowhere, or used by nobody.

What is younger than an hour is left out of that: it may be a persona that is just being made, or an account that is
being read. Of what lies in work/ beside trainings, what is younger than a day.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from glob import escape
from pathlib import Path

from bot.domain import Job, Version
from bot.folders import Folders, account_of
from bot.handles import Address
from bot.ports import Library, Store

BLOCK = 512  # bytes: what stat counts in
YOUNG = 3600.0  # seconds
CUT = 24 * YOUNG  # what is on its way from a hub or to it goes on where it was cut, for a day


class Why(StrEnum):
    OLD = "not the current version"
    ORPHAN = "recorded nowhere"
    UNUSED = "no persona and no job uses it"


@dataclass(frozen=True)
class Usage:
    """Bytes on the disk, each file once whatever its names. `personas`: versions, and what trainings work on."""

    personas: int
    posts: int
    free: int


@dataclass(frozen=True)
class Item:
    """Something that may go: `name` is its folder in the data folder, or of posts `accounts/<handle>`.

    `used_at`: when the persona last spoke, or the file was last changed. `persona` and `number`: of a version.
    """

    name: str
    why: Why
    n_bytes: int
    used_at: datetime
    persona: str = ""
    number: int = 0


@dataclass(frozen=True)
class Survey:
    """`items` are in the order in which they would go."""

    usage: Usage
    items: tuple[Item, ...]


async def survey(folders: Folders, store: Store, library: Library) -> Survey:
    versions, jobs = await library.versions(), await store.unfinished_jobs()
    return await asyncio.to_thread(_look, folders, versions, jobs, await used_handles(store))


async def used_handles(store: Store) -> set[str]:
    """Of the accounts that personas are made of, and those that are to be."""
    used = {handle for handles in (await store.names()).values() for handle in handles}
    return used | {account.handle for job in await store.unfinished_jobs() for account in job.accounts}


def _look(folders: Folders, versions: Sequence[Version], jobs: Sequence[Job], handles: Collection[str]) -> Survey:
    items = (
        *sorted(_old(folders, versions), key=lambda item: (item.used_at, item.name)),
        *orphans(folders, versions, jobs),
        *sorted(unused(folders, handles), key=lambda item: (item.used_at, item.name)),
    )
    return Survey(usage(folders), items)


def usage(folders: Folders) -> Usage:
    seen: set[tuple[int, int]] = set()
    personas = folders.root / "personas"
    posts = _size([folders.root / "accounts", *personas.glob("*/posts")], seen)
    return Usage(_size([personas, folders.root / "work"], seen), posts, shutil.disk_usage(folders.root).free)


def _size(places: Iterable[Path], seen: set[tuple[int, int]]) -> int:
    """Bytes of the files below that weren't seen before."""
    total = 0
    for stat in (stat for place in places for stat in _files(place)):
        if (stat.st_dev, stat.st_ino) not in seen:
            seen.add((stat.st_dev, stat.st_ino))
            total += stat.st_blocks * BLOCK
    return total


def _files(place: Path) -> Iterator[os.stat_result]:
    for folder, _, names in os.walk(place):
        for name in names:
            with suppress(OSError):  # gone meanwhile
                yield os.lstat(os.path.join(folder, name))


def _old(folders: Folders, versions: Sequence[Version]) -> Iterator[Item]:
    """Of the persona that was used least recently first; one that has never spoken counts from when it was made."""
    made = {one.persona: one.created_at for one in versions if one.current}
    for one in versions:
        place = folders.root / one.folder
        if not one.current and os.path.isdir(place):  # False, too, where it can't be seen
            used_at = max(one.used_at or made[one.persona], made[one.persona])
            yield Item(one.folder, Why.OLD, _size([place], set()), used_at, one.persona, one.number)


def closed(place: Path, folder_mode: int = os.R_OK | os.X_OK) -> Path | None:
    """The folder above, `place`, or the first below that is there, but not open to this user: files for reading."""
    if top := next((one for one in (place.parent, place) if _denied(one, folder_mode)), None):
        return top
    for folder, folders, files in os.walk(place):
        wanted = [*((name, folder_mode) for name in folders), *((name, os.R_OK) for name in files)]
        if denied := next((name for name, mode in wanted if _denied(Path(folder, name), mode)), None):
            return Path(folder, denied)
    return None


def _denied(path: Path, mode: int) -> bool:
    if os.access(path, mode):
        return False
    try:
        path.stat()
    except FileNotFoundError:  # it isn't there at all
        return False
    except OSError:
        return True
    return True


def orphans(folders: Folders, versions: Sequence[Version], jobs: Sequence[Job]) -> Iterator[Item]:
    """What a kill in the middle of something has left."""
    recorded = {one.folder for one in versions}
    kept = {one.persona for one in versions}
    training = {job.persona for job in jobs}
    at_work = {job.id for job in jobs}
    places = [folders.work(number) for number in folders.jobs_with_work() if number not in at_work]
    for persona in sorted((folders.root / "personas").glob("*")):
        if persona.name not in kept | training:
            places.append(persona)
        elif persona.name not in training:
            places += [one for one in sorted(persona.glob("v*")) if folders.relative(one) not in recorded]
    for place, age in (*((one, YOUNG) for one in places), *((one, CUT) for one in _under_way(folders))):
        if (changed := _changed([place, *place.rglob("*")], age)) is not None:
            yield Item(folders.relative(place), Why.ORPHAN, _size([place], set()), changed)


def _under_way(folders: Folders) -> Iterator[Path]:
    """What lies in work/ beside trainings: models that are pulled or published, each by itself, and the like."""
    for place in sorted((folders.root / "work").glob("*/")):
        if place in {folders.downloads, folders.outgoing}:
            yield from sorted(place.glob("*/"))
        elif not place.name.startswith("job-"):
            yield place


def unused(folders: Folders, used: Collection[str], only: str | None = None) -> Iterator[Item]:
    """`only`: look at no other handle's files."""
    accounts: dict[str, list[Path]] = {}
    names = "*" if only is None else escape(only).replace("_", "?") + ".*"  # `_` stands for others (Address.handle)
    for path in sorted((folders.root / "accounts").glob(f"*/{names}")):
        name = account_of(path)
        if name is not None and (handle := Address(name).handle) not in used and only in {None, handle}:
            accounts.setdefault(handle, []).append(path)
    for handle, paths in accounts.items():
        if (changed := _changed(paths, YOUNG)) is not None:
            yield Item(f"accounts/{handle}", Why.UNUSED, sum(map(_blocks, paths)), changed)


def _blocks(path: Path) -> int:
    return path.lstat().st_blocks * BLOCK


def _changed(paths: Iterable[Path], age: float) -> datetime | None:
    """When one of them was last written or moved; None: less than `age` seconds ago, or they have gone."""
    try:
        last = max(max(stat.st_mtime, stat.st_ctime) for stat in (path.lstat() for path in paths))
    except OSError:
        return None
    return None if time.time() - last < age else datetime.fromtimestamp(last, UTC)
