"""Are the personas' files as they were recorded, and is there anything that no record names?"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Persona, Version
from bot.errors import NotFound, OperatorError
from bot.usecases import stock
from bot.usecases.say import spelt
from bot.usecases.services import Services, whole
from trainer.manifest import DamagedPersona, verify


@dataclass(frozen=True)
class Verified:
    """A persona, and what is wrong with its files: phrases that name them.

    `closed`: what this user may not read; how its files are is not known then.
    """

    persona: Persona
    damage: tuple[str, ...]
    closed: Path | None = None


@dataclass(frozen=True)
class Orphan:
    """What a kill has left: a folder that is recorded nowhere; `folder` is relative to the data folder."""

    folder: str
    n_bytes: int


async def chosen(services: Services, names: Collection[str]) -> list[Persona]:
    """Those named, or all. Raises NotFound."""
    known = {one.name: one for one in await services.store.personas()}
    if not names:
        return list(known.values())
    wanted = [spelt(name, known) for name in names]
    if unknown := [name for name in wanted if name not in known]:
        raise NotFound(f"There is no persona @{unknown[0]}. `mynah models list` shows those that there are.")
    return [known[name] for name in dict.fromkeys(wanted)]


async def check(services: Services, personas: Iterable[Persona]) -> AsyncIterator[Verified]:
    """One after the other; every byte is read."""
    versions = await services.library.versions()
    for persona in personas:
        if closed := await asyncio.to_thread(stock.closed, services.folders.persona(persona.name)):
            yield Verified(persona, (f"{closed} can't be read by this user",), closed)
            continue
        own = [one for one in versions if one.persona == persona.name]
        damage = [*await _versions(services, own), *await _posts(services, persona)]
        if damage:
            latest = await services.store.persona(persona.name)
            if latest is None or latest.folder != persona.folder:  # trained, renamed or forgotten meanwhile
                damage = []
        yield Verified(persona, tuple(damage))


async def _versions(services: Services, versions: Iterable[Version]) -> list[str]:
    """The current version has to be there; those before it go when they have served."""
    damage = []
    for version in versions:
        folder = services.folders.root / version.folder
        if not version.current and not folder.exists():
            continue
        wrong = await asyncio.to_thread(_wrong, folder)
        if wrong and (version.current or folder.exists()):
            before = "" if version.current else ", which doesn't speak any more"
            damage.append(f"version {version.number}{before}: {wrong}")
    return damage


def _wrong(folder: Path) -> str | None:
    if not folder.is_dir():
        return "its folder is missing"
    try:
        verify(folder)
    except DamagedPersona as error:
        return str(error)
    except OSError as error:
        return f"{error.filename or folder} can't be read ({error.strerror})"
    return None


async def _posts(services: Services, persona: Persona) -> list[str]:
    """Posts that it was trained on here have to be readable."""
    damage, folders = [], services.folders
    trained_here = persona.manifest.origin is None and persona.manifest.lineage is not None
    for account in persona.manifest.corpus.accounts:
        there = folders.posts(persona.name, account.handle).is_file()
        if not there and trained_here:
            damage.append(f"the posts of @{account.handle} are missing")
        elif there and not await services.sources.kept(persona.name, account.handle):
            damage.append(f"the posts of @{account.handle} can't be read")
    return damage


async def orphans(services: Services) -> list[Orphan]:
    """Those that pruning finds: what is younger than an hour may be about to be recorded. Raises OperatorError."""
    versions, jobs = await services.library.versions(), await services.store.unfinished_jobs()
    try:
        found = await asyncio.to_thread(lambda: list(stock.orphans(services.folders, versions, jobs)))
    except OSError as error:
        place = error.filename or services.folders.root
        raise OperatorError(f"{place} can't be read ({error.strerror}).") from error
    return [Orphan(one.name, one.n_bytes) for one in found]


async def delete_orphans(services: Services, folders: Collection[str]) -> list[Orphan]:
    """Of these, those that are recorded nowhere now, either. Raises OperatorError."""
    async with services.arranging:
        going = [one for one in await orphans(services) if one.folder in folders]
        for one in going:
            await whole(_delete(services, one))
    return going


async def _delete(services: Services, one: Orphan) -> None:
    try:
        await asyncio.to_thread(shutil.rmtree, services.folders.root / one.folder)
    except OSError as error:
        raise OperatorError(f"{one.folder} could not be deleted ({error.strerror}). Delete it by hand.") from error
