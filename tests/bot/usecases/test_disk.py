from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Caller, JobState
from bot.errors import DiskFull
from bot.settings import DiskSettings
from bot.sources.networks.accounts import Account, AccountStore
from bot.training import NO_ROOM
from bot.usecases import stock
from bot.usecases.disk import Limits, make_room, plan, prune, warn
from bot.usecases.stock import Item, Survey, Usage, Why, survey, usage
from tests.doubles.service import FakeService, fake_service
from tests.doubles.sources import make_posts

BLOCKS = 64 * 1024
OLD_TIME = time.time() - 100_000


def item(name: str, why: Why = Why.OLD, n_bytes: int = 10) -> Item:
    return Item(name, why, n_bytes, datetime(2026, 1, 1, tzinfo=UTC))


def limits(personas: int | None = None, posts: int | None = None, free: int = 0) -> Limits:
    return Limits(personas, posts, free)


async def look(service: FakeService) -> Survey:
    return await survey(service.services.folders, service.services.store, service.services.library)


async def names(service: FakeService) -> list[str]:
    return [one.name for one in (await look(service)).items]


def fill(path: Path, n_bytes: int = BLOCKS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(n_bytes))
    return path


@pytest.fixture
def age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is young: what was just written may be taken for a leftover."""
    monkeypatch.setattr(stock, "YOUNG", -1.0)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[FakeService]:
    async with fake_service(tmp_path / "data") as service:
        training = replace(service.jobs.training, make_room=partial(make_room, service.services))
        service.jobs.training = training
        yield service


def budget(service: FakeService, **changes: float) -> None:
    """In gigabytes, as the settings have it."""
    settings = service.services.settings
    service.services.live.now = settings.model_copy(update={"disk": DiskSettings(**changes)})  # type: ignore[arg-type]


async def several_versions(service: FakeService, name: str, *numbers: int) -> None:
    for number in numbers:
        await service.add_persona(name, number)
        fill(service.folders.version(name, number) / "weights")


def test_old_versions_go_first_and_only_as_many_as_need_be() -> None:
    items = (item("a"), item("b"), item("c", Why.ORPHAN), item("d", Why.UNUSED))
    found = Survey(Usage(personas=100, posts=100, free=0), items)
    assert plan(found, limits()) == ()
    assert plan(found, limits(personas=101)) == ()
    assert plan(found, limits(personas=100)) == items[:1]  # what is at its limit has no room
    assert plan(found, limits(personas=85)) == items[:2]
    assert plan(found, limits(personas=1)) == items[:3]
    assert plan(found, limits(posts=99)) == items[3:]
    assert plan(found, limits(free=15)) == items[:2]
    assert plan(found, limits(), all_old=True) == items[:3]


@given(
    st.lists(st.tuples(st.sampled_from(Why), st.integers(1, 50)), max_size=8),
    st.integers(0, 300),
    st.integers(1, 300),
)
def test_a_plan_makes_room_if_there_is_any_and_takes_nothing_in_vain(
    sizes: list[tuple[Why, int]], taken: int, limit: int
) -> None:
    items = tuple(item(str(number), why, n_bytes) for number, (why, n_bytes) in enumerate(sizes))
    chosen = plan(Survey(Usage(taken, 0, 0), items), limits(personas=limit))
    left = taken - sum(one.n_bytes for one in chosen)
    there = [one for one in items if one.why is not Why.UNUSED]
    assert left < limit or list(chosen) == there
    assert not chosen or left + chosen[-1].n_bytes >= limit  # without the last one it would not be enough
    assert list(chosen) == there[: len(chosen)]


async def test_usage_counts_a_file_of_several_names_once(service: FakeService) -> None:
    await service.add_persona("pip")
    before = usage(service.folders)
    shared = fill(service.folders.root / "accounts" / "x" / "pip.jsonl.zst")
    os.link(shared, service.folders.persona("pip") / "posts" / "twin.jsonl.zst")
    fill(service.folders.version("pip", 1) / "weights")
    after = usage(service.folders)
    assert after.posts - before.posts == BLOCKS
    assert after.personas - before.personas == BLOCKS


async def test_versions_of_the_persona_that_spoke_least_recently_come_first(service: FakeService) -> None:
    for name in ("bob", "pip", "ladle"):
        await several_versions(service, name, 1, 2)
    await service.services.library.touch("bob")
    assert await names(service) == ["personas/pip/v1", "personas/ladle/v1", "personas/bob/v1"]


async def test_a_version_that_is_recorded_but_gone_is_nothing(service: FakeService) -> None:
    await several_versions(service, "pip", 1, 2, 3)
    service.folders.drop_old_versions("pip", 3)
    assert await names(service) == ["personas/pip/v2"]


@pytest.mark.usefixtures("age")
async def test_what_is_recorded_nowhere(service: FakeService) -> None:
    await several_versions(service, "pip", 1)
    job = await service.add_job("bob")
    for path in ("personas/pip/v7", "personas/ghost/v1", "personas/bob/v1", "work/job-77", f"work/job-{job.id}"):
        fill(service.folders.root / path / "weights")
    found = await look(service)
    assert [one.name for one in found.items] == ["work/job-77", "personas/ghost", "personas/pip/v7"]
    assert {one.why for one in found.items} == {Why.ORPHAN}
    gone = await prune(service.services, found.items)
    assert gone == found.items
    assert await names(service) == []
    assert service.folders.version("pip", 1).is_dir()
    assert service.folders.version("bob", 1).is_dir()


async def test_what_is_just_being_made_is_no_leftover(service: FakeService) -> None:
    place = fill(service.folders.root / "personas/ghost/v1/weights").parent
    for path in (place / "weights", place, place.parent):
        os.utime(path, (OLD_TIME, OLD_TIME))  # when it was moved there is known all the same
    assert await names(service) == []


async def test_what_was_cut_on_its_way_stays_a_day_and_then_goes(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    await service.add_job("pip")
    cut = ["work/bench-1", "work/publish/pip-v1.part-7", "work/pull/nest--pip", "work/pull/nest--pip.version"]
    for name in (*cut, "work/job-1"):
        fill(service.folders.root / name / "weights")
    monkeypatch.setattr(stock, "YOUNG", -1.0)
    assert await names(service) == []
    monkeypatch.setattr(stock, "CUT", -1.0)
    found = await look(service)
    assert [one.name for one in found.items] == cut
    assert await prune(service.services, found.items) == found.items
    assert usage(service.folders).personas == BLOCKS  # the job's


@pytest.mark.usefixtures("age")
async def test_leftovers_and_names_are_not_moved_at_the_same_time(service: FakeService) -> None:
    fill(service.folders.root / "personas/ghost/v1/weights")
    items = (await look(service)).items
    async with service.services.arranging:
        pruning = asyncio.create_task(prune(service.services, items))
        for _ in range(5):
            await look(service)
        await service.add_persona("ghost", 2)  # somebody gives it that name
    assert await pruning == ()
    assert service.folders.version("ghost", 1).is_dir()


@pytest.mark.usefixtures("age")
async def test_before_posts_go_only_their_files_are_looked_at(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("amy_b", "amy-b", "amyxb", "bob"):
        read_account(service, name, OLD_TIME)
    items = [one for one in (await look(service)).items if one.name == "accounts/amy_b"]
    looked, changed = list[str](), stock._changed

    def look_at(paths: Iterable[Path], age: float) -> datetime | None:
        looked.extend(path.name for path in paths)
        assert threading.current_thread() is not threading.main_thread()
        return changed(paths, age)

    monkeypatch.setattr(stock, "_changed", look_at)
    await prune(service.services, items)
    assert {name.partition(".")[0] for name in looked} == {"amy_b", "amy-b"}


def read_account(service: FakeService, name: str, changed: float) -> None:
    accounts = AccountStore(service.folders.root, "x")
    accounts.add(name, make_posts(3), Account(id="1", name=name))
    accounts.settle(name)
    for path in (service.folders.root / "accounts" / "x").glob(f"{name}.*"):
        os.utime(path, (changed, changed))


async def test_posts_that_nobody_uses_oldest_first(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stock, "_changed", lambda paths, _: datetime.fromtimestamp(max(map(mtime, paths)), UTC))
    await service.add_persona("pip")
    await service.add_job("bob")
    for number, name in enumerate(("pip", "bob", "zoe", "amy")):
        read_account(service, name, OLD_TIME + number)
    found = await look(service)
    assert [one.name for one in found.items] == ["accounts/zoe", "accounts/amy"]
    service.sources.read = {"pip", "bob", "zoe", "amy"}
    await prune(service.services, found.items[:1])
    assert service.sources.read == {"pip", "bob", "amy"}
    await service.add_job("amy")  # since the plan was made
    assert await prune(service.services, found.items[1:]) == ()
    assert "amy" in service.sources.read


def mtime(path: Path) -> float:
    return path.stat().st_mtime


async def test_pruning_drops_the_record_and_then_the_files(service: FakeService) -> None:
    await several_versions(service, "pip", 1, 2)
    gone = await prune(service.services, (await look(service)).items)
    assert [one.name for one in gone] == ["personas/pip/v1"]
    assert not service.folders.version("pip", 1).exists()
    assert [one.number for one in await service.services.library.versions()] == [2]
    assert service.folders.posts("pip", "pip").exists()


async def test_a_current_version_stays_whatever_a_plan_says(service: FakeService) -> None:
    await several_versions(service, "pip", 1)
    wrong = Item("personas/pip/v1", Why.OLD, 1, datetime.now(UTC), "pip", 1)
    assert await prune(service.services, [wrong]) == ()
    assert service.folders.version("pip", 1).is_dir()


async def test_pruning_waits_for_who_is_still_speaking(service: FakeService) -> None:
    await several_versions(service, "pip", 1, 2)
    async with service.services.pool.lease("pip/v1", 4):
        pruning = asyncio.create_task(prune(service.services, (await look(service)).items))
        while len(await service.services.library.versions()) > 1:
            await asyncio.sleep(0)
        assert (await asyncio.wait([pruning], timeout=0))[1]
        assert service.folders.version("pip", 1).is_dir()
    assert len(await pruning) == 1
    assert service.services.pool.resident == {}
    assert not service.folders.version("pip", 1).exists()


async def test_where_not_even_a_record_can_be_dropped_files_go_all_the_same(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(self: object, name: str, number: int) -> bool:
        raise DiskFull("The disk is full.")

    await several_versions(service, "pip", 1, 2)
    current = Item("personas/pip/v2", Why.OLD, 1, datetime.now(UTC), "pip", 2)
    monkeypatch.setattr(type(service.services.library), "drop_version", full)
    gone = await prune(service.services, [*(await look(service)).items, current])
    assert [one.name for one in gone] == ["personas/pip/v1"]
    assert service.folders.version("pip", 2).is_dir()


async def test_a_training_begins_with_making_room(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "bot.usecases.disk")
    await several_versions(service, "bob", 1, 2)
    taken = usage(service.folders).personas
    budget(service, personas_gigabytes=taken / 1e9)
    assert (await service.train("pip")).state is JobState.DONE
    assert not service.folders.version("bob", 1).exists()
    assert "pruned personas/bob/v1" in caplog.text


async def test_where_only_current_versions_are_left_nothing_is_trained_but_all_speak(service: FakeService) -> None:
    await several_versions(service, "bob", 1)
    budget(service, personas_gigabytes=BLOCKS / 1e9)
    job = await service.train("pip")
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "Only current versions are left" in job.error
    assert "disk.personas_gigabytes is 6.5536e-05" in job.error
    assert service.trainer.requests == []
    async with service.services.pool.lease("bob/v1", 4):
        pass


async def test_people_hear_that_there_is_no_room_and_the_operator_why(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    budget(service, keep_free_megabytes=10**9)
    job = await service.add_job("pip", Caller("discord", "1", "2", "discord:3"))
    async with service.running():
        await service.notifier.wait(job.id)
    job = await service.job(job.id)
    assert (job.state, job.error) == (JobState.FAILED, NO_ROOM)
    assert "a training needs 1000000000 MB" in caplog.text


async def test_posts_over_their_budget(service: FakeService) -> None:
    await service.add_persona("bob")
    budget(service, posts_gigabytes=1e-6)
    with pytest.raises(DiskFull, match="All that are left belong to personas"):
        await make_room(service.services)


async def test_the_operator_is_warned_once_a_day(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    await several_versions(service, "bob", 1, 2)
    budget(service, personas_gigabytes=usage(service.folders).personas / 1e9 / 0.9)
    days = ["2026-11-22", "2026-11-22", "2026-11-23"]
    told = []
    for day in days:
        caplog.clear()
        await make_room(service.services, lambda day=day: day)  # type: ignore[misc]
        told.append("personas/bob/v1" in caplog.text)
    assert told == [True, False, True]
    assert service.folders.version("bob", 1).is_dir()


def test_a_warning_names_what_goes_next() -> None:
    found = Survey(Usage(80, 10, 0), (item("personas/a/v1"),))
    assert warn(found, limits(personas=101, posts=100)) == ""
    told = warn(found, limits(personas=100))
    assert "personas take 0 kB of 0 kB. At the limit, these go first: personas/a/v1" in told
    assert "At the limit, nothing is trained any more" in warn(replace(found, items=()), limits(personas=100))


def mounting(small: Path) -> list[str] | None:
    """What to put before a command for which this folder is a disk of 8 MB; None where nobody may mount one."""
    command = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=8m small "$0" && exec "$@"', str(small)]
    try:
        able = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        able = False
    return command if able else None


def test_on_a_full_disk_nothing_is_trained_and_who_is_here_speaks(tmp_path: Path) -> None:
    mounted = mounting(tmp_path)
    if mounted is None:
        pytest.skip("mounting a small disk takes rights that this user doesn't have")
    command = [*mounted, sys.executable, "-m", "tests.bot.usecases.full_disk", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "full",
        "speaks",
        "speaks elsewhere",
        "trains nothing",
        "has pruned",
        "trains again",
    ]
