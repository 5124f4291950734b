"""Operations on personas, asked of a bot that runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.control import models
from bot.control.client import Remote, connected
from bot.control.models import (
    DELETE_ORPHANS,
    FORGET,
    PULL,
    RENAME,
    SET_DEFAULT,
    Default,
    Name,
    OrphanFolders,
    Pull,
    Rename,
)
from bot.control.operation import Event, Note
from bot.control.server import listening
from bot.errors import AlreadyThere, NotFound
from bot.usecases import stock
from bot.usecases.verifying import Orphan
from tests.doubles.service import FakeService
from trainer.protocol import AdoptRequest


@pytest.fixture
async def remote(service: FakeService, tmp_path: Path) -> AsyncIterator[Remote]:
    path = tmp_path / "c.sock"
    async with listening(service.services, path), connected(path) as found:
        assert found is not None
        yield found


async def test_what_is_forgotten_leaves_the_pool(service: FakeService, remote: Remote) -> None:
    await service.add_persona("pip")
    async with service.services.pool.lease("pip/v1", 4):
        assert "pip/v1" in service.generator.resident
    await remote.perform(FORGET, Name(name="pip"))
    assert service.generator.resident == set()
    assert await service.store.persona("pip") is None
    with pytest.raises(NotFound, match="nothing to forget"):
        await remote.perform(FORGET, Name(name="pip"))


async def test_what_is_renamed_leaves_the_pool(service: FakeService, remote: Remote) -> None:
    await service.add_persona("pip")
    async with service.services.pool.lease("pip/v1", 4):
        pass
    assert await remote.perform(RENAME, Rename(old="pip", new="@Muse")) == "muse"
    assert service.generator.resident == set()
    await service.add_persona("bob")
    with pytest.raises(AlreadyThere, match="@bob already"):
        await remote.perform(RENAME, Rename(old="muse", new="bob"))


async def test_pulling_tells_how_much_has_come(
    service: FakeService, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "LOOK_SECONDS", 0.0)
    service.hub.files["nest/muse"] = {"pytorch_model.bin": b"w" * 120_000, "README.md": b"no table here"}
    adopt, notes = service.converter.adopt, list[Event]()

    async def hear(event: Event) -> None:
        notes.append(event)

    async def adopt_when_heard(request: AdoptRequest) -> int:
        while not notes:
            await asyncio.sleep(0.001)
        return await adopt(request)

    monkeypatch.setattr(service.converter, "adopt", adopt_when_heard)
    assert await remote.perform(PULL, Pull(repo="nest/muse", name="pip"), hear) == "pip"
    assert notes[0] == Note(text="0.1 MB are here")
    assert await service.store.persona("pip") is not None


async def test_who_answers_where_nobody_was_chosen(service: FakeService, remote: Remote) -> None:
    await service.add_persona("pip")
    assert await remote.perform(SET_DEFAULT, Default(space="discord:1", persona="pip")) == "pip"
    assert (await service.services.chats.rules("discord:1")).persona == "pip"
    with pytest.raises(NotFound, match="no persona @bob"):
        await remote.perform(SET_DEFAULT, Default(persona="bob"))
    assert await remote.perform(SET_DEFAULT, Default(space="discord:1")) is None
    assert (await service.services.chats.rules("discord:1")).persona is None


async def test_orphans_are_deleted_by_name(
    service: FakeService, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "YOUNG", -1.0)
    await service.add_persona("pip")
    for name in ("gone", "lost"):
        service.folders.version(name, 1).mkdir(parents=True)
    wanted = OrphanFolders(folders=("personas/gone", "personas/pip", "../outside"))
    assert await remote.perform(DELETE_ORPHANS, wanted) == (Orphan("personas/gone", 0),)
    assert sorted(path.name for path in (service.folders.root / "personas").iterdir()) == ["lost", "pip"]
