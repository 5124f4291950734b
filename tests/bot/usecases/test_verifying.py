from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.cli import verifying
from bot.domain import JobState
from bot.errors import NotFound
from bot.sources.opening import open_sources
from bot.store.spending import SqliteSpending
from bot.usecases import stock
from bot.usecases.services import Services
from bot.usecases.verifying import check, chosen, delete_orphans, orphans
from tests.doubles.service import FakeService
from tests.doubles.trainer import ADAPTER


@pytest.fixture
async def services(service: FakeService) -> AsyncIterator[Services]:
    """With the real sources, which read what was kept."""
    settings, root = service.services.settings, service.folders.root
    async with open_sources(settings, root, SqliteSpending(service.store.database)) as sources:
        yield replace(service.services, sources=sources)


@pytest.fixture
def age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is young: what was just written may be taken for a leftover."""
    monkeypatch.setattr(stock, "YOUNG", -1.0)


async def damage(services: Services, *names: str) -> dict[str, tuple[str, ...]]:
    return {one.persona.name: one.damage async for one in check(services, await chosen(services, names))}


async def test_files_as_they_were_made(service: FakeService, services: Services) -> None:
    await service.train("pip")
    await service.train("bob")
    assert await damage(services) == {"bob": (), "pip": ()}
    assert await orphans(services) == []
    assert await damage(services, "pip", "pip") == {"pip": ()}
    with pytest.raises(NotFound, match="@nobody"):
        await damage(services, "pip", "nobody")


async def test_each_damage_is_named(service: FakeService, services: Services) -> None:
    for name in ("pip", "bob", "ladle", "bob-pip"):
        await service.train(name)
    (service.folders.version("pip", 1) / ADAPTER).write_text("another adapter")
    shutil.rmtree(service.folders.version("bob", 1))
    (service.folders.version("ladle", 1) / "manifest.json").unlink()
    service.folders.posts("bob-pip", "bob").unlink()
    service.folders.posts("bob-pip", "pip").write_bytes(b"no posts")
    found = await damage(services)
    assert found["pip"] == (f"version 1: {ADAPTER} has changed since it was trained (its checksum differs)",)
    assert found["bob"] == ("version 1: its folder is missing",)
    assert found["ladle"] == ("version 1: manifest.json is missing",)
    assert found["bob-pip"] == ("the posts of @bob are missing", "the posts of @pip can't be read")


async def test_versions_before_may_be_gone_but_not_damaged(service: FakeService, services: Services) -> None:
    for _ in range(3):
        await service.train("pip", fresh=True)
    assert not service.folders.version("pip", 1).exists()
    assert await damage(services) == {"pip": ()}
    (service.folders.version("pip", 2) / ADAPTER).unlink()
    assert await damage(services) == {"pip": (f"version 2, which doesn't speak any more: {ADAPTER} is missing",)}


async def test_what_was_replaced_meanwhile_is_no_damage(service: FakeService, services: Services) -> None:
    await service.train("pip")
    before = await chosen(services, ())
    shutil.rmtree(service.folders.version("pip", 1))
    await service.train("pip", fresh=True)
    assert [one.damage async for one in check(services, before)] == [()]
    await service.store.forget("pip")
    shutil.rmtree(service.folders.persona("pip"))
    assert [one.damage async for one in check(services, before)] == [()]


async def test_what_is_young_may_be_about_to_be_recorded(service: FakeService, services: Services) -> None:
    service.folders.version("gone", 1).mkdir(parents=True)
    assert await delete_orphans(services, ["personas/gone"]) == await orphans(services) == []
    assert service.folders.version("gone", 1).exists()


@pytest.mark.usefixtures("age")
async def test_orphans_are_found_and_deleted(service: FakeService, services: Services) -> None:
    await service.train("pip")
    for folder in (service.folders.version("pip", 7), service.folders.version("gone", 1)):
        folder.mkdir(parents=True)
        (folder / ADAPTER).write_text("12345")
    found = await orphans(services)
    assert [one.folder for one in found] == ["personas/gone", "personas/pip/v7"]
    assert all(one.n_bytes >= 5 for one in found)
    await service.add_persona("gone", version=2)  # it was made after somebody had looked
    done = await delete_orphans(services, [one.folder for one in found])
    assert [one.folder for one in done] == ["personas/pip/v7"]
    assert service.folders.version("pip", 1).exists()
    assert service.folders.version("gone", 2).exists()
    assert [one.folder for one in await orphans(services)] == ["personas/gone/v1"]


@pytest.mark.usefixtures("age")
async def test_what_a_training_is_about_to_publish_is_no_orphan(service: FakeService, services: Services) -> None:
    service.folders.version("pip", 1).mkdir(parents=True)
    job = await service.add_job("pip")
    assert await orphans(services) == []
    await service.store.move_job(job.id, JobState.CANCELLED)
    assert [one.folder for one in await orphans(services)] == ["personas/pip"]


@pytest.mark.parametrize("below", ["", "v1", "v1/manifest.json", "posts"])
async def test_what_this_user_may_not_read_is_named(
    service: FakeService, services: Services, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.train("pip")
    await service.train("bob")
    place, access = service.folders.persona("pip") / below, os.access

    def refused(path: Path, mode: int) -> bool:  # the tests may be run by one who may all
        return path != place and access(path, mode)

    monkeypatch.setattr(os, "access", refused)
    found = {one.persona.name: one async for one in check(services, await chosen(services, []))}
    assert found["bob"].damage == ()
    assert found["pip"].damage == (f"{place} can't be read by this user",)
    assert found["pip"].closed == place
    remedy = verifying._remedy(found["pip"])
    assert (str(place) in remedy, "train" in remedy) == (True, False)
