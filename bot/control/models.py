"""Operations on personas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import TypeAdapter

from bot.control.operation import Note, Operation, Params, Tell
from bot.errors import NotFound
from bot.figures import bytes_text
from bot.usecases import personas, pulling, renaming, verifying
from bot.usecases.say import spelt
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR
from bot.usecases.verifying import Orphan

LOOK_SECONDS = 1.0


class Name(Params):
    name: str


class Rename(Params):
    old: str
    new: str


class Pull(Params):
    """`name` and `revision`: None: as the repository says, and its latest."""

    repo: str
    name: str | None = None
    revision: str | None = None


class Default(Params):
    """Who answers in a space where nobody was chosen. `persona` None: nobody; `space` "": everywhere."""

    space: str = ""
    persona: str | None = None


class OrphanFolders(Params):
    folders: tuple[str, ...]


async def _forget(services: Services, params: Name, tell: Tell) -> None:
    await personas.forget(services, OPERATOR, await personas.plan_forgetting(services, OPERATOR, params.name))


async def _rename(services: Services, params: Rename, tell: Tell) -> str:
    """Returns the new name as it is spelt."""
    return await renaming.rename(services, params.old, params.new)


async def _pull(services: Services, params: Pull, tell: Tell) -> str:
    """Returns the persona's name."""
    async with _telling_size(services.folders.downloads, tell):
        return (await pulling.pull(services, params.repo, params.name, params.revision)).name


@asynccontextmanager
async def _telling_size(folder: Path, tell: Tell) -> AsyncIterator[None]:
    """Tell meanwhile how much has come."""

    async def watch() -> None:
        before = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            n_bytes = await asyncio.to_thread(_size, folder)
            if n_bytes > before:
                with suppress(ConnectionError):  # they have gone
                    await tell(Note(text=f"{bytes_text(n_bytes)} are here"))
            before = n_bytes

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


def _size(folder: Path) -> int:
    """Of what is still there when it is looked at."""
    try:
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    except OSError:
        return 0


async def _delete_orphans(services: Services, params: OrphanFolders, tell: Tell) -> tuple[Orphan, ...]:
    """Returns those that were deleted."""
    return tuple(await verifying.delete_orphans(services, params.folders))


async def _set_default(services: Services, params: Default, tell: Tell) -> str | None:
    """Returns the persona's name as it is spelt."""
    async with services.arranging:  # nobody is renamed meanwhile
        name = None if params.persona is None else await _seen(services, params.persona, params.space)
        await services.chats.change_rules(params.space, lambda rules: rules.model_copy(update={"persona": name}))
    return name


async def _seen(services: Services, given: str, space: str) -> str:
    """Its name as it is spelt. Raises NotFound."""
    known = await services.store.names(space)
    name = spelt(given, known)
    if name in known:
        return name
    if await services.store.persona(name) is not None:
        raise NotFound(f"@{name} isn't seen in {space}. Somebody there has to train it first: /train")
    raise NotFound(f"There is no persona @{name}. `mynah models list` shows those that there are.")


FORGET = Operation("model-rm", Name, TypeAdapter(None), _forget)
RENAME = Operation("model-rename", Rename, TypeAdapter(str), _rename)
PULL = Operation("model-pull", Pull, TypeAdapter(str), _pull)
DELETE_ORPHANS = Operation("model-orphans-rm", OrphanFolders, TypeAdapter(tuple[Orphan, ...]), _delete_orphans)
SET_DEFAULT = Operation("model-default", Default, TypeAdapter(str | None), _set_default)

OPERATIONS = (FORGET, RENAME, PULL, DELETE_ORPHANS, SET_DEFAULT)
