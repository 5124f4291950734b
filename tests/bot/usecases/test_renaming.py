from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from bot.domain import AccountSource, JobState, Publication, kept_reference
from bot.errors import AlreadyThere, BadInput, Busy, NotAllowed, NotFound, OperatorError
from bot.store.library import SqliteLibrary
from bot.usecases import renaming, stock
from bot.usecases.gate import utc_now
from bot.usecases.personas import forget, plan_forgetting
from bot.usecases.renaming import _copy, rename
from bot.usecases.train import OPERATOR
from bot.usecases.verifying import delete_orphans, orphans
from tests.doubles.service import CALLER, FakeService
from trainer.manifest import read_manifest, verify


@pytest.fixture
def age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is young: what was just written may be taken for a leftover."""
    monkeypatch.setattr(stock, "YOUNG", -1.0)


async def trained(service: FakeService) -> None:
    await service.train("pip")
    await service.store.show("pip", "discord:1")
    await service.store.set_current_persona("channel", "pip")
    await service.services.chats.change_rules("discord:1", lambda rules: rules.model_copy(update={"persona": "pip"}))
    await service.store.add_publication(Publication("pip", "https://hub.example/pip", 1, True, utc_now()))


@pytest.mark.usefixtures("age")
async def test_it_has_all_that_it_had(service: FakeService) -> None:
    await trained(service)
    before = service.folders.version("pip", 1)
    async with service.services.pool.lease("pip/v1", 4):
        pass
    assert await rename(service.services, "pip", "@Muse") == "muse"
    persona = await service.store.persona("muse")
    assert persona is not None
    assert (persona.folder, persona.key) == ("personas/muse/v1", "muse/v1")
    assert verify(service.folders.root / persona.folder).persona == "muse"
    assert service.folders.posts("muse", "pip").is_file()
    assert not before.parent.exists()
    assert await service.store.persona("pip") is None
    assert await service.store.current_persona("channel") == "muse"
    assert (await service.services.chats.rules("discord:1")).persona == "muse"
    assert await service.store.spaces("muse") == {"", "discord:1"}
    assert [one.address for one in await service.store.publications("muse")] == ["https://hub.example/pip"]
    assert [job.persona for job in await service.store.jobs()] == ["muse"]
    assert service.services.pool.resident == {}
    assert await orphans(service.services) == []
    assert list((service.folders.root / "work").iterdir()) == []


async def test_files_are_not_written_a_second_time(service: FakeService) -> None:
    await trained(service)
    number = next(service.folders.version("pip", 1).glob("*.safetensors")).stat().st_ino
    await rename(service.services, "pip", "muse")
    assert next(service.folders.version("muse", 1).glob("*.safetensors")).stat().st_ino == number


async def test_where_the_disk_has_no_links_they_are(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    await trained(service)
    monkeypatch.setattr(os, "link", refuse)
    await rename(service.services, "pip", "muse")
    assert verify(service.folders.version("muse", 1)).persona == "muse"


async def test_it_can_be_forgotten_and_renamed_back(service: FakeService) -> None:
    await trained(service)
    await rename(service.services, "pip", "muse")
    await rename(service.services, "muse", "pip")
    assert read_manifest(service.folders.version("pip", 1)).persona == "pip"
    await forget(service.services, OPERATOR, await plan_forgetting(service.services, OPERATOR, "pip"))
    assert not service.folders.persona("pip").exists()


@pytest.mark.parametrize("name", ["a/b", "../x", "", "..", "a b", "x" * 65, "-".join(["x" * 60] * 4)])
async def test_what_is_no_name(service: FakeService, name: str) -> None:
    await service.add_persona("pip")
    with pytest.raises(BadInput):
        await rename(service.services, "pip", name)
    assert service.folders.persona("pip").exists()


async def test_names_that_are_taken_or_unwanted(service: FakeService) -> None:
    await service.add_persona("pip")
    await service.add_persona("a-b")
    with pytest.raises(NotFound, match="no persona @nobody"):
        await rename(service.services, "nobody", "muse")
    with pytest.raises(BadInput, match="already"):
        await rename(service.services, "pip", "PIP")
    for taken in ("a-b", "a_b"):  # people may type either
        with pytest.raises(AlreadyThere, match="@a-b already"):
            await rename(service.services, "pip", taken)
    await service.services.chats.opt_out("alice")
    with pytest.raises(NotAllowed, match="@alice"):
        await rename(service.services, "pip", "alice")
    assert {one.name for one in await service.store.personas()} == {"a-b", "pip"}


async def test_not_while_a_training_needs_it(service: FakeService) -> None:
    await service.add_persona("pip")
    for job in (
        await service.add_job("pip"),
        await service.add_job("muse"),
        await service.store.add_job([AccountSource("pip", kept_reference("pip", "pip"))], "other", CALLER),
    ):
        with pytest.raises(Busy, match=f"job {job.id} "):
            await rename(service.services, "pip", "muse")
        await service.store.move_job(job.id, JobState.CANCELLED)
    assert await rename(service.services, "pip", "muse") == "muse"


async def test_it_waits_for_the_report_card(service: FakeService) -> None:
    service.trainer.report_gate.clear()
    job = await service.add_job("pip")
    async with service.running():
        await service.notifier.wait(job.id)
        renaming = asyncio.create_task(rename(service.services, "pip", "muse"))
        done, _ = await asyncio.wait([renaming], timeout=0.05)
        assert not done
        service.trainer.report_gate.set()
        await renaming
    assert read_manifest(service.folders.version("muse", 1)).report is not None


async def test_who_speaks_comes_to_an_end_first(service: FakeService) -> None:
    await service.add_persona("pip")
    async with service.services.pool.lease("pip/v1", 4):
        renaming = asyncio.create_task(rename(service.services, "pip", "muse"))
        while await service.store.persona("muse") is None:
            await asyncio.sleep(0)
        assert service.folders.version("pip", 1).exists()
    await renaming
    assert not service.folders.persona("pip").exists()


async def test_it_is_done_whole_whoever_goes_away(service: FakeService) -> None:
    await service.add_persona("pip")
    renaming = asyncio.create_task(rename(service.services, "pip", "muse"))
    while not service.folders.persona("muse").exists():
        await asyncio.sleep(0)
    renaming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await renaming
    assert await service.store.persona("muse") is not None
    assert not service.folders.persona("pip").exists()


@pytest.mark.usefixtures("age")
async def test_a_crash_leaves_a_name_too_many(service: FakeService) -> None:
    await trained(service)
    work = service.folders.root / "work"
    _copy(service.folders.persona("pip"), service.folders.persona("muse"), work)  # and then, before the record
    assert [one.folder for one in await orphans(service.services)] == ["personas/muse"]
    assert verify(service.folders.version("pip", 1)).persona == "pip"
    (service.folders.persona("muse") / "v7").mkdir()
    await rename(service.services, "pip", "muse")
    assert sorted(path.name for path in service.folders.persona("muse").iterdir()) == ["posts", "v1"]
    _copy(service.folders.persona("muse"), service.folders.persona("pip"), work)  # as if it were still there
    assert [one.folder for one in await orphans(service.services)] == ["personas/pip"]


async def test_a_disk_that_will_not(service: FakeService, tmp_path: Path) -> None:
    await service.add_persona("pip")
    service.folders.persona("muse").write_text("a file, of all things")
    with pytest.raises(OperatorError, match="@pip keeps its name"):
        await rename(service.services, "pip", "muse")
    assert await service.store.persona("pip") is not None
    assert service.folders.version("pip", 1).exists()


async def test_a_name_that_is_taken_while_it_waits(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    await trained(service)

    async def pull_meanwhile(job: int) -> None:
        await service.add_persona("muse")

    monkeypatch.setattr(service.jobs, "settled", pull_meanwhile)
    with pytest.raises(AlreadyThere, match="@muse already"):
        await rename(service.services, "pip", "muse")
    assert service.folders.posts("muse", "muse").is_file()
    assert service.folders.version("pip", 1).is_dir()


async def test_two_at_once_to_the_same_name(service: FakeService) -> None:
    await service.train("pip")
    await service.train("bob")
    both = [rename(service.services, old, "muse") for old in ("pip", "bob")]
    first, second = await asyncio.gather(*both, return_exceptions=True)
    assert first == "muse"
    assert isinstance(second, AlreadyThere)
    assert (verify(service.folders.version("muse", 1)).persona, service.folders.persona("pip").exists()) == (
        "muse",
        False,
    )
    assert service.folders.posts("muse", "pip").is_file()
    assert verify(service.folders.version("bob", 1)).persona == "bob"


@pytest.mark.usefixtures("age")
async def test_no_orphans_are_deleted_while_it_is_under_way(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trained(service)
    record, deleting = SqliteLibrary.rename, []

    async def slowly(self: SqliteLibrary, old: str, new: str) -> None:
        deleting.append(asyncio.create_task(delete_orphans(service.services, ["personas/muse", "personas/pip"])))
        assert not (await asyncio.wait(deleting, timeout=0.05))[0]
        await record(self, old, new)

    monkeypatch.setattr(SqliteLibrary, "rename", slowly)
    await rename(service.services, "pip", "muse")
    assert await deleting[0] == []
    assert verify(service.folders.version("muse", 1)).persona == "muse"


async def test_a_training_that_comes_while_files_are_copied(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await trained(service)
    loop = asyncio.get_running_loop()

    def copy_slowly(before: Path, after: Path, work: Path) -> None:
        _copy(before, after, work)
        asyncio.run_coroutine_threadsafe(service.add_job("pip"), loop).result()

    monkeypatch.setattr(renaming, "_copy", copy_slowly)
    with pytest.raises(Busy, match="@pip is being trained"):
        await rename(service.services, "pip", "muse")
    assert not service.folders.persona("muse").exists()
    assert verify(service.folders.version("pip", 1)).persona == "pip"


async def test_what_comes_to_its_place_meanwhile_stays(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    await trained(service)
    link, published = renaming._link, service.folders.version("muse", 1) / "adapter"

    def publish_meanwhile(source: str, target: str) -> None:
        published.parent.mkdir(parents=True, exist_ok=True)
        published.touch()
        link(source, target)

    monkeypatch.setattr(renaming, "_link", publish_meanwhile)
    with pytest.raises(OperatorError, match="@pip keeps its name"):
        await rename(service.services, "pip", "muse")
    assert published.exists()
    assert list((service.folders.root / "work").iterdir()) == []


async def test_files_that_cannot_be_read_are_told_in_a_sentence(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.train("pip")
    refused: list[str] = []

    def refuse(source: str, target: str) -> None:
        refused.append(source)
        raise PermissionError(13, "Permission denied", source)

    monkeypatch.setattr(renaming, "_link", refuse)
    with pytest.raises(OperatorError) as told:
        await rename(service.services, "pip", "muse")
    assert len(refused) > 1
    assert f"could not be copied ({refused[0]}: Permission denied). Mend that" in str(told.value)
    assert await service.store.persona("pip") is not None


def test_a_reason_is_one_sentence_whatever_the_disk_says() -> None:
    assert renaming._reason(OSError(28, "No space left on device")) == "No space left on device"
    assert renaming._reason(PermissionError(13, "Permission denied", "/a")) == "/a: Permission denied"
    gathered = shutil.Error([("/a: b", "/c", "[Errno 5] Input/output error"), ("/d", "/e", "else")])
    assert renaming._reason(gathered) == "/a: b: Input/output error"
