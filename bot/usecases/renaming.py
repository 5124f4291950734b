"""Another name for a persona. A crash leaves its files under one name too many, never under one too few."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from bot.domain import Job, kept_by, parse_persona
from bot.errors import AlreadyThere, BadInput, Busy, NotFound, OperatorError
from bot.folders import sync, unfinished
from bot.handles import MAX_CHARACTERS
from bot.usecases.optouts import check_wanted
from bot.usecases.say import spelt
from bot.usecases.services import Services, whole
from trainer.corpus import MAX_ACCOUNTS
from trainer.manifest import DamagedPersona, read_manifest, write_manifest

LONGEST = MAX_ACCOUNTS * MAX_CHARACTERS  # a blend's


async def rename(services: Services, old: str, new: str) -> str:
    """Returns the new name as it is spelt. Done whole, whoever goes away meanwhile.

    A training that is asked for between the last look at the jobs and the record's change, a few milliseconds, has
    the old name: it makes a persona of that name again. Raises UserError, or OperatorError when the disk won't.
    """
    old, new = await _names(services, old, _valid(new))
    await _settle(services, old)
    async with services.arranging:
        old, new = await _names(services, old, new)  # others may have been faster
        await _check_jobs(services, old, new)
        await whole(_move(services, old, new))
    return new


def _valid(name: str) -> str:
    """Raises BadInput."""
    name = parse_persona(name)
    if len(name) > LONGEST:
        raise BadInput(f"A persona's name has up to {LONGEST} characters; this one has {len(name)}.")
    return name


async def _names(services: Services, old: str, new: str) -> tuple[str, str]:
    known = {one.name for one in await services.library.summaries()}
    old = spelt(old, known)
    if old not in known:
        raise NotFound(f"There is no persona @{old}. `mynah models list` shows those that there are.")
    if new == old:
        raise BadInput(f"@{old} has this name already. Give it another one.")
    if (taken := spelt(new, known - {old})) in known - {old}:
        raise AlreadyThere(f"There is a persona @{taken} already. Choose another name.")
    await check_wanted(services, new.split("-"))
    return old, new


async def _settle(services: Services, name: str) -> None:
    """Until its last training has its report card, which goes where the version is now."""
    persona = await services.store.persona(name)
    if persona is not None and persona.manifest.lineage is not None:
        await services.jobs.settled(persona.manifest.lineage.job)


async def _check_jobs(services: Services, old: str, new: str) -> None:
    """Raises Busy while a training goes on by one of the names, or with the posts that the persona has kept."""
    for job in await services.store.unfinished_jobs():
        if job.persona in {old, new}:
            raise Busy(f"@{job.persona} is being trained. {_first(job)}")
        if old in {kept_by(account.reference) for account in job.accounts}:
            raise Busy(f"@{job.persona} is being trained on posts that @{old} has kept. {_first(job)}")


def _first(job: Job) -> str:
    return f"Wait until job {job.id} has ended, or stop it with `mynah jobs cancel {job.id}`; then rename."


async def _move(services: Services, old: str, new: str) -> None:
    """Files under both names, then the record in one transaction, then no files under the old one."""
    before, after = services.folders.persona(old), services.folders.persona(new)
    try:
        await asyncio.to_thread(_copy, before, after, services.folders.root / "work")
    except OSError as error:
        raise OperatorError(
            f"@{old} keeps its name: its files could not be copied ({_reason(error)}). Mend that, then try again."
        ) from error
    try:
        await _check_jobs(services, old, new)  # one may have come meanwhile
        await services.library.rename(old, new)
    except Exception:  # not a cancellation: in the middle of a COMMIT, nobody knows which name holds
        with suppress(OSError):  # `mynah models verify` finds what is left
            await asyncio.to_thread(shutil.rmtree, after)
        raise
    await services.pool.drop(f"{old}/")
    try:
        await asyncio.to_thread(shutil.rmtree, before)
    except OSError as error:
        raise OperatorError(
            f"@{old} is @{new} now, but files of the old name could not be deleted ({error.strerror}). "
            "An hour from now, `mynah models verify --delete-orphans` tries it again."
        ) from error


def _reason(error: OSError) -> str:
    """Of several that were gathered while a folder was copied, the first."""
    if isinstance(error, shutil.Error) and isinstance(error.args[0], list):
        place, _, why = error.args[0][0]
        return f"{place}: {re.sub(r'^.Errno [0-9]+. ', '', str(why)).split(': ')[0]}"
    return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)


def _copy(before: Path, after: Path, work: Path) -> None:
    """Made in `work`, and on the disk when it returns. Raises OSError: then nothing that has come to `after` is lost.

    What lies at `after` beforehand is recorded nowhere: it goes.
    """
    if after.exists():
        shutil.rmtree(after)
    with unfinished(work, "rename") as part:
        shutil.copytree(before, part, symlinks=True, copy_function=_link)
        for folder in part.glob("v*"):
            with suppress(DamagedPersona):
                write_manifest(folder, read_manifest(folder).model_copy(update={"persona": after.name}))
        for path in (*(path for path in part.rglob("*") if not path.is_symlink()), part):
            sync(path)
        part.rename(after)
    sync(after.parent)


def _link(source: str, target: str) -> None:
    """The same bytes once more, without room of their own where the disk can do that. Raises OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target, follow_symlinks=False)
