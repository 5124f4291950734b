from __future__ import annotations

import asyncio
import shutil

import pytest

from bot.domain import JobState
from bot.errors import BadInput, NotFound
from bot.store.sqlite import SqliteStore
from bot.usecases.personas import Forgetting, forget, list_personas, plan_forgetting
from bot.usecases.say import say
from tests.doubles.service import CALLER, FakeService


async def test_personas_by_name(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_persona(name)
    assert [persona.name for persona in await list_personas(service.services, CALLER)] == ["bob", "pip"]


async def test_the_plan_names_what_goes_and_the_blends_that_stay(service: FakeService) -> None:
    for name in ("pip", "bob-pip", "ladle", "ladle-pip"):
        await service.add_persona(name, n_bytes=7)
    job = await service.add_job("pip")
    assert await plan_forgetting(service.services, CALLER, "pip") == Forgetting(
        "pip", 7, 100, ("bob-pip", "ladle-pip"), job, ("pip",)
    )
    assert await plan_forgetting(service.services, CALLER, "ladle") == Forgetting(
        "ladle", 7, 100, ("ladle-pip",), None, ("ladle",)
    )


async def test_there_may_be_nothing_but_a_job_or_files(service: FakeService) -> None:
    job = await service.add_job("pip")
    assert await plan_forgetting(service.services, CALLER, "pip") == Forgetting("pip", 0, 0, (), job, ("pip",))
    service.folders.persona("bob").mkdir(parents=True)
    await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "bob"))
    assert not service.folders.persona("bob").exists()


async def test_nothing_to_forget(service: FakeService) -> None:
    with pytest.raises(NotFound, match="There is no persona @pip"):
        await plan_forgetting(service.services, CALLER, "pip")


async def test_forgetting_takes_everything(service: FakeService) -> None:
    await service.add_persona("pip")
    await service.add_persona("bob-pip")
    async for _ in say(service.services, CALLER, "pip", "hello"):
        pass
    assert service.generator.resident == {"pip/v1"}
    await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "pip"))
    assert await service.store.persona("pip") is None
    assert await service.store.current_persona(CALLER.channel) is None
    assert service.generator.resident == set()
    assert not service.folders.persona("pip").exists()
    assert service.folders.persona("bob-pip").exists()


async def test_forgetting_waits_for_what_is_being_said(service: FakeService) -> None:
    persona = await service.add_persona("pip")
    plan = await plan_forgetting(service.services, CALLER, "pip")
    async with service.services.pool.lease(persona.key, 1):
        forgetting = asyncio.create_task(forget(service.services, CALLER, plan))
        await asyncio.sleep(0.05)
        assert not forgetting.done()
        assert (service.folders.root / persona.folder).exists()
    await forgetting
    assert not (service.folders.root / persona.folder).exists()


@pytest.mark.parametrize("is_running", [True, False])
async def test_forgetting_cancels_its_training(service: FakeService, is_running: bool) -> None:
    service.trainer.gate.clear()
    await service.add_persona("pip")
    job = await service.add_job("pip")
    async with service.running() if is_running else asyncio.timeout(60):
        while is_running and "begin pip" not in service.trainer.log:
            await asyncio.sleep(0.01)
        await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "pip"))
    assert (await service.job(job.id)).state is JobState.CANCELLED
    assert not service.folders.persona("pip").exists()
    assert not service.folders.work(job.id).exists()


async def test_files_that_cannot_be_deleted_are_named(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    await service.add_persona("pip")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(
        BadInput, match=r"some of its files could not be deleted \(Permission denied\).* personas/pip by hand"
    ):
        await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "pip"))
    assert await service.store.persona("pip") is None


async def test_what_was_read_of_an_account_goes_with_the_last_who_needs_it(service: FakeService) -> None:
    service.sources.read = {"pip", "bob"}
    for name in ("pip", "bob-pip"):
        await service.add_persona(name)
    await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "pip"))
    assert service.sources.read == {"pip", "bob"}  # the blend is made of both
    await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "bob-pip"))
    assert service.sources.read == set()


async def test_what_was_read_for_a_persona_that_never_came_to_be(service: FakeService) -> None:
    service.sources.read = {"pip"}
    await forget(service.services, CALLER, await plan_forgetting(service.services, CALLER, "pip"))
    assert service.sources.read == set()
    with pytest.raises(NotFound):
        await plan_forgetting(service.services, CALLER, "pip")


async def test_forgetting_is_done_whole_whoever_goes_away(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.add_persona("pip")
    plan = await plan_forgetting(service.services, CALLER, "pip")
    record, begun, go_on = SqliteStore.forget, asyncio.Event(), asyncio.Event()

    async def slowly(self: SqliteStore, name: str) -> None:
        begun.set()
        await go_on.wait()
        await record(self, name)

    monkeypatch.setattr(SqliteStore, "forget", slowly)
    forgetting = asyncio.create_task(forget(service.services, CALLER, plan))
    await begun.wait()
    forgetting.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await forgetting
    assert await service.store.persona("pip") is None
    assert not service.folders.persona("pip").exists()
