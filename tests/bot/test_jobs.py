from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import jobs as jobs_module
from bot.domain import AccountSource, JobState
from bot.errors import BadInput, DiskFull, OperatorError, WorkerDied
from bot.jobs import MAX_ATTEMPTS, NOTIFY_SECONDS, Pace
from bot.live import LiveSettings
from bot.settings import Settings
from bot.sources.zstd import read_posts, write_posts
from bot.store.sqlite import SqliteStore
from tests.builders import report_card
from tests.doubles.processes import PATIENCE, eventually
from tests.doubles.service import CALLER, FakeService
from tests.doubles.sources import make_posts
from tests.doubles.trainer import ADAPTER, train_events
from trainer.corpus import Post, posts_digest
from trainer.manifest import read_manifest
from trainer.protocol import Method, PostsDigest, Progress, Refresh

FULL = OSError(errno.ENOSPC, "No space left on device")


async def in_the_middle(service: FakeService, persona: str = "pip") -> int:
    """A job whose training has begun and goes on until the trainer's gate is opened; returns its number."""
    service.trainer.gate.clear()
    job = await service.add_job(persona)
    await eventually(lambda: f"begin {persona}" in service.trainer.log)
    return job.id


async def check_old_version(service: FakeService) -> None:
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.version == 1
    assert (service.folders.root / persona.folder / ADAPTER).is_file()


# Success


def by_method(settings: Settings, method: Method) -> Settings:
    return settings.model_copy(update={"training": settings.training.model_copy(update={"method": method})})


async def test_a_training_publishes_a_persona(service: FakeService) -> None:
    job = await service.train()
    assert (job.state, job.error, job.attempts) == (JobState.DONE, None, 1)
    assert service.notifier.ends == ["trained pip v1"]
    persona = await service.store.persona("pip")
    assert persona is not None
    assert (persona.version, persona.folder) == (1, "personas/pip/v1")
    place = service.folders.root / persona.folder
    assert persona.n_bytes == (place / ADAPTER).stat().st_size
    assert persona.manifest == read_manifest(place)
    assert len(list(read_posts(service.folders.posts("pip", "pip")))) == 40
    assert await service.store.current_persona(CALLER.channel) == "pip"
    assert service.published == ["pip"]
    assert not service.folders.work(job.id).exists()


async def test_a_report_card_is_filled_in_when_the_persona_is_in_use(service: FakeService) -> None:
    service.trainer.report_gate.clear()
    job = await service.add_job()
    async with service.running():
        await service.notifier.wait(job.id)
        persona = await service.store.persona("pip")
        assert persona is not None
        assert persona.manifest.report is None
        assert (await service.job(job.id)).state is JobState.DONE
        assert service.published == ["pip"]
        assert not await service.jobs.cancel(job.id)  # too late
        service.trainer.report_gate.set()
        await service.jobs.settled(job.id)
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.manifest.report == report_card()
    assert read_manifest(service.folders.root / persona.folder) == persona.manifest
    assert service.notifier.reports == ["pip v1"]


async def test_without_a_report_card_a_persona_is_a_persona(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    service.trainer.report_error = WorkerDied("The train worker ended.")
    jobs = [await service.add_job("pip"), await service.add_job("bob")]
    async with service.running():
        await service.notifier.wait(jobs[-1].id)
        await service.jobs.settled(jobs[-1].id)
    assert service.notifier.ends == ["trained pip v1", "trained bob v1"]
    assert service.notifier.reports == []
    assert "The train worker ended" in caplog.text


async def test_stopping_the_bot_ends_the_measuring(service: FakeService) -> None:
    service.trainer.report_gate.clear()
    job = await service.add_job()
    async with service.running():
        await service.notifier.wait(job.id)
    assert service.trainer.log[-1] == "end pip"
    assert (await service.job(job.id)).state is JobState.DONE
    await service.jobs.settled(job.id)


async def test_cancelling_a_job_that_was_put_back_leaves_nothing_of_it(service: FakeService) -> None:
    async with service.running():
        number = await in_the_middle(service)
    assert service.folders.work(number).exists()
    assert await service.jobs.cancel(number)
    assert not service.folders.work(number).exists()


async def test_forgotten_while_it_is_measured(service: FakeService) -> None:
    service.trainer.report_gate.clear()
    job = await service.add_job()
    async with service.running():
        await service.notifier.wait(job.id)
        await service.store.forget("pip")
        service.folders.forget("pip")
        service.trainer.report_gate.set()
        await service.jobs.settled(job.id)
    assert await service.store.persona("pip") is None
    assert not service.folders.persona("pip").exists()


async def test_a_second_training_makes_a_second_version(service: FakeService) -> None:
    await service.train()
    service.sources.posts["pip"] = make_posts(50)
    await service.train()
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.folder == "personas/pip/v2"
    assert len(list(read_posts(service.folders.posts("pip", "pip")))) == 50


async def test_a_second_training_goes_on_from_the_version_before(service: FakeService) -> None:
    await service.train()
    service.sources.before["pip"] = service.sources.posts["pip"]
    service.sources.posts["pip"] = [*make_posts(3, "news! "), *service.sources.posts["pip"][:10]]
    await service.train()
    first, second = service.trainer.requests
    assert first.refresh is None
    assert second.refresh == Refresh(folder=str(service.folders.version("pip", 1)), version=1, new_posts=3)
    assert second.accounts[0].kept == 43  # those kept from before and those that are new
    assert len(list(read_posts(service.folders.posts("pip", "pip")))) == 43


async def test_without_new_posts_a_persona_stays_as_it_is(service: FakeService) -> None:
    await service.train("bob-pip")
    service.sources.before = dict(service.sources.posts)
    job = await service.train("bob-pip")
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "@bob-pip has no new posts since version 1" in job.error
    assert "/train @bob @pip --fresh" in job.error


async def test_other_weights_or_another_method_are_a_reason_to_train_again(service: FakeService) -> None:
    await service.train("bob-pip")
    service.sources.before = dict(service.sources.posts)
    accounts = [AccountSource("bob", "fake:bob", 2.0), AccountSource("pip", "fake:pip")]
    job = await service.store.add_job(accounts, "bob-pip", CALLER)
    async with service.running():
        await service.notifier.wait(job.id)
        assert (await service.job(job.id)).state is JobState.DONE
        again = await service.store.add_job(accounts, "bob-pip", CALLER)
        service.jobs.wake()
        await service.notifier.wait(again.id)
    error = (await service.job(again.id)).error
    assert error is not None
    assert error.endswith("/train @bob:2 @pip --fresh")
    training = service.jobs.training
    service.jobs.training = replace(training, live=LiveSettings(by_method(training.settings, "full")))
    other = await service.store.add_job(accounts, "bob-pip", CALLER)
    async with service.running():
        await service.notifier.wait(other.id)
    assert (await service.job(other.id)).state is JobState.DONE


async def test_posts_are_kept_when_the_version_is_there_that_learnt_them(service: FakeService) -> None:
    """Or else the next training would take them for old ones."""
    await service.add_persona("pip", 1)
    service.trainer.gate.clear()
    job = await service.add_job()
    async with service.running():
        await eventually(lambda: "begin pip" in service.trainer.log)
    assert len(list(read_posts(service.folders.posts("pip", "pip")))) == 2  # those of version 1
    service.trainer.gate.set()
    async with service.running():
        await service.notifier.wait(job.id)
    assert len(list(read_posts(service.folders.posts("pip", "pip")))) == 40


async def test_a_fresh_training_starts_over_with_what_the_source_has(service: FakeService) -> None:
    await service.train()
    service.sources.before["pip"] = service.sources.posts["pip"]
    service.sources.posts["pip"] = service.sources.posts["pip"][:30]
    job = await service.train(fresh=True)
    assert job.state is JobState.DONE
    assert service.trainer.requests[-1].refresh is None
    assert service.trainer.requests[-1].accounts[0].kept == 30


async def test_the_version_before_stays_for_those_who_still_listen_to_it_and_older_ones_go(
    service: FakeService,
) -> None:
    for _ in range(4):
        await service.train()
    assert sorted(path.name for path in service.folders.persona("pip").iterdir()) == ["posts", "v3", "v4"]


async def test_what_the_trainer_is_asked_for(service: FakeService) -> None:
    async with service.running():
        number = await in_the_middle(service, "bob-pip")
        (request,) = service.trainer.requests
        corpus = json.loads(Path(request.corpus).read_text())
        assert request.contrast is not None
        contrast = json.loads(Path(request.contrast).read_text())
        service.trainer.gate.set()
        await service.notifier.wait(number)
    assert request.persona == "bob-pip"
    assert [(row.handle, row.source, row.kept) for row in request.accounts] == [
        ("bob", "fake:bob", 40),
        ("pip", "fake:pip", 40),
    ]
    assert set(contrast) == {"ladle"}  # of those at hand, the one that is not in the blend
    assert len(contrast["ladle"]) == 40
    assert request.hyperparameters.seed == service.services.settings.training.seed
    assert request.blocklist.add == ("xyzzy",)
    assert len(corpus["train"]) + len(corpus["held_out"]) >= 80  # a blend is balanced by repeating
    assert len(corpus["held_out"]) >= 2
    assert corpus["duplicates"] == 0


async def test_what_a_version_is_made_from_is_recorded(service: FakeService) -> None:
    repeated = [*make_posts(), *make_posts(3)]
    service.sources.posts["pip"] = repeated
    job = await service.train()
    (request,) = service.trainer.requests
    assert [account.duplicates for account in request.accounts] == [3]
    assert request.lineage is not None
    assert (request.lineage.job, request.lineage.asked_by, request.lineage.asked_at) == (
        job.id,
        "test:me",
        job.created_at,
    )
    assert request.lineage.posts == (PostsDigest(handle="pip", sha256=posts_digest(reversed(repeated))),)
    assert request.lineage.hyperparameters == request.hyperparameters
    assert re.fullmatch("[0-9a-f]{64}", request.lineage.corpus_sha256)
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.manifest.lineage == request.lineage


async def test_jobs_run_one_after_the_other_in_order(service: FakeService) -> None:
    numbers = [(await service.add_job(name)).id for name in ("pip", "bob", "bob-ladle")]
    async with service.running():
        await service.notifier.wait(numbers[-1])
    assert [line for line in service.trainer.log if line != "warm"] == [
        *("begin pip", "end pip"),
        *("begin bob", "end bob"),
        *("begin bob-ladle", "end bob-ladle"),
    ]


async def test_a_job_that_comes_while_the_runner_waits(service: FakeService) -> None:
    async with service.running():
        await asyncio.sleep(0.01)
        job = await service.add_job()
        await service.notifier.wait(job.id)


async def test_the_trainer_gets_ready_while_posts_are_fetched(service: FakeService) -> None:
    service.sources.gate.clear()
    job = await service.add_job()
    async with service.running():
        await eventually(lambda: service.trainer.log == ["warm"])
        service.sources.gate.set()
        await service.notifier.wait(job.id)


async def test_a_trainer_that_cannot_get_ready_is_asked_all_the_same(service: FakeService) -> None:
    service.trainer.warm_error = WorkerDied("not yet")
    assert (await service.train()).state is JobState.DONE


async def test_without_work_the_trainer_rests(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs_module, "REST_SECONDS", 0.01)
    async with service.running():
        await eventually(lambda: service.trainer.log == ["rest"])
        job = await service.add_job()
        await service.notifier.wait(job.id)
    assert service.trainer.log[:4] == ["rest", "warm", "begin pip", "end pip"]


# Progress


async def test_progress_is_told_for_every_stage(service: FakeService) -> None:
    service.trainer.events = [*train_events(500), Progress(stage="check")]
    await service.train()
    stages = [progress.stage for progress in service.notifier.stages]
    assert list(dict.fromkeys(stages)) == ["fetch", "clean", "train", "check", "publish"]
    assert 1 <= stages.count("train") < 250


def test_pace_lets_the_first_of_every_stage_through_and_then_a_few() -> None:
    pace = Pace()
    times = [100.0, 100.1, 100.2, 100.3, 100.45]
    assert [pace.lets(Progress(stage="train"), now) for now in times] == [True, False, True, False, True]
    assert pace.lets(Progress(stage="check"), times[-1])
    assert not pace.lets(Progress(stage="check"), times[-1] + NOTIFY_SECONDS / 2)


async def test_progress_can_be_looked_at_while_a_job_runs(service: FakeService) -> None:
    async with service.running():
        number = await in_the_middle(service)
        await eventually(lambda: service.jobs.progress == (number, train_events()[-1]))
        service.trainer.gate.set()
        await service.notifier.wait(number)
    assert service.jobs.progress is None


async def test_progress_that_comes_too_late_is_not_of_a_running_job(service: FakeService) -> None:
    service.sources.gate.clear()
    async with service.running():
        job = await service.add_job()
        await eventually(lambda: service.trainer.log == ["warm"])
        report = service.jobs._reporter(job)
        assert await service.jobs.cancel(job.id)
        report(Progress(stage="fetch"))  # as from a thread that has not yet heard of it
        await asyncio.sleep(0.01)
        assert service.jobs.progress is None
        assert service.notifier.stages == []


# Failure


@pytest.mark.parametrize("error", [BadInput("These posts are broken."), OperatorError("The worker is broken.")])
@pytest.mark.parametrize("where", ["sources", "trainer"])
async def test_an_error_of_ours_is_told_as_it_is(service: FakeService, where: str, error: Exception) -> None:
    getattr(service, where).error = error
    job = await service.train()
    assert (job.state, job.error) == (JobState.FAILED, str(error))
    assert service.notifier.ends == [f"pip: {error}"]
    assert not service.folders.work(job.id).exists()
    assert await service.store.persona("pip") is None


async def test_an_error_of_nobody_is_logged_and_told_short(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    service.trainer.error = ZeroDivisionError("secret details")
    job = await service.train()
    assert job.state is JobState.FAILED
    assert job.error is not None
    assert "ZeroDivisionError" in job.error
    assert "secret" not in job.error
    assert "secret details" in caplog.text


async def test_too_few_posts(service: FakeService) -> None:
    service.sources.posts["pip"] = make_posts(2)
    job = await service.train()
    assert job.error is not None
    assert "too little text" in job.error


async def test_a_trainer_that_ends_without_a_result(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(request: object) -> object:
        return
        yield

    monkeypatch.setattr(service.trainer, "train", nothing)
    assert (await service.train()).error == "The training ended without a result. Try again."


async def test_after_a_failure_the_next_job_runs(service: FakeService) -> None:
    service.trainer.error = ValueError("oh")
    await service.train()
    service.trainer.error = None
    assert (await service.train()).state is JobState.DONE


def fail_in_trainer(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    service.trainer.error = OSError(errno.EIO, "broken")


def fail_in_posts(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    service.sources.write_error = OSError(errno.EIO, "broken")


def fail_in_rename(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "rename", fail)


def fail_in_store(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SqliteStore, "publish", fail_later)


def fail(*_: object) -> None:
    raise OSError(errno.EIO, "broken")


async def fail_later(*_: object) -> None:
    fail()


@pytest.mark.parametrize("break_it", [fail_in_trainer, fail_in_posts, fail_in_rename, fail_in_store])
async def test_whatever_fails_before_the_end_leaves_the_old_version(
    service: FakeService, break_it: Callable[[FakeService, pytest.MonkeyPatch], None]
) -> None:
    await service.add_persona("pip", 1)
    with pytest.MonkeyPatch.context() as monkeypatch:
        break_it(service, monkeypatch)
        assert (await service.train()).state is JobState.FAILED
        await check_old_version(service)
    service.trainer.error = service.sources.write_error = None
    assert (await service.train()).state is JobState.DONE
    persona = await service.store.persona("pip")
    assert persona is not None
    assert persona.version == 2
    assert read_manifest(service.folders.root / persona.folder) == persona.manifest


async def test_what_a_crash_left_between_rename_and_pointer_is_replaced(service: FakeService) -> None:
    await service.add_persona("pip", 1)
    orphan = service.folders.version("pip", 2)
    orphan.mkdir()
    (orphan / "left.bin").write_text("over")
    await service.train()
    assert sorted(path.name for path in orphan.iterdir()) == [ADAPTER, "manifest.json"]


@pytest.mark.parametrize("where", ["trainer.error", "sources.error", "sources.write_error"])
async def test_a_full_disk_is_said_in_plain_words(service: FakeService, where: str) -> None:
    owner, _, name = where.partition(".")
    setattr(getattr(service, owner), name, FULL)
    job = await service.train()
    assert job.error == "The disk is full. Free some space, then train again; what was there before is not lost."


async def test_a_nearly_full_disk_is_noticed_before_anything_is_fetched(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=5 * 2**20))
    job = await service.train()
    assert job.error is not None
    assert "5 MB are free" in job.error
    assert service.trainer.log == []


async def test_a_notifier_that_raises_fails_no_job(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    service.notifier.error = ConnectionError("no network")
    assert (await service.train()).state is JobState.DONE
    service.trainer.error = BadInput("no")
    assert (await service.train()).state is JobState.FAILED
    assert "no network" in caplog.text


async def test_an_end_that_cannot_be_recorded_is_told_and_the_runner_goes_on(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def full(*_: object) -> bool:
        raise DiskFull("The disk is full.")

    service.trainer.error = BadInput("These posts are broken.")
    job = await service.add_job()
    async with service.running():
        with pytest.MonkeyPatch.context() as context:
            context.setattr(SqliteStore, "move_job", full)
            await service.notifier.wait(job.id)
        assert service.notifier.ends == ["pip: These posts are broken."]
        assert "The disk is full." in caplog.text
        service.trainer.error = None
        other = await service.add_job("bob")
        await service.notifier.wait(other.id)


async def test_a_store_that_gives_no_job_is_asked_again(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs_module, "RETRY_SECONDS", 0.01)
    claim = SqliteStore.claim_job
    failures = iter([DiskFull("The disk is full.")])

    async def sometimes(store: SqliteStore) -> object:
        for error in failures:
            raise error
        return await claim(store)

    monkeypatch.setattr(SqliteStore, "claim_job", sometimes)
    assert (await service.train()).state is JobState.DONE
    assert "The disk is full." in caplog.text


@pytest.mark.parametrize("step", ["set_current_persona", "on_publish"])
async def test_what_fails_after_the_end_does_not_undo_it(
    service: FakeService, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    owner = service.jobs if step == "on_publish" else SqliteStore
    monkeypatch.setattr(owner, step, fail_later)
    assert (await service.train()).state is JobState.DONE
    assert service.notifier.ends == ["trained pip v1"]


# Cancelling


async def test_cancelling_a_queued_job(service: FakeService) -> None:
    job = await service.add_job()
    assert await service.jobs.cancel(job.id)
    assert (await service.job(job.id)).state is JobState.CANCELLED
    other = await service.add_job("bob")
    async with service.running():
        await service.notifier.wait(other.id)
    assert "begin pip" not in service.trainer.log


async def test_cancelling_a_running_job(service: FakeService) -> None:
    await service.add_persona("pip", 1)
    async with service.running():
        number = await in_the_middle(service)
        assert await service.jobs.cancel(number)
        assert service.trainer.log[-1] == "end pip"
        assert (await service.job(number)).state is JobState.CANCELLED
        assert service.notifier.ends == ["pip: It was cancelled."]
        assert not service.folders.work(number).exists()
        await check_old_version(service)
        service.trainer.gate.set()
        again = await service.add_job()
        await service.notifier.wait(again.id)
    assert (await service.job(again.id)).state is JobState.DONE


async def test_cancelling_while_posts_are_fetched(service: FakeService) -> None:
    service.sources.gate.clear()
    async with service.running():
        job = await service.add_job()
        await eventually(lambda: service.trainer.log == ["warm"])
        assert await service.jobs.cancel(job.id)
    assert "begin pip" not in service.trainer.log
    assert (await service.job(job.id)).state is JobState.CANCELLED


async def test_cancelling_twice_at_once(service: FakeService) -> None:
    async with service.running():
        number = await in_the_middle(service)
        assert all(await asyncio.gather(service.jobs.cancel(number), service.jobs.cancel(number)))
    assert service.notifier.ends == ["pip: It was cancelled."]


async def test_there_is_nothing_to_cancel_about_a_job_that_has_ended(service: FakeService) -> None:
    job = await service.train()
    assert not await service.jobs.cancel(job.id)
    assert (await service.job(job.id)).state is JobState.DONE
    assert not await service.jobs.cancel(77)


async def test_cancelling_in_the_last_moment_is_too_late(service: FakeService) -> None:
    """Whatever the answer is, it is what became of the job."""
    told = asyncio.Event()

    async def published(name: str) -> None:
        told.set()
        await asyncio.sleep(0.05)

    service.jobs.on_publish = published
    async with service.running():
        job = await service.add_job()
        await told.wait()
        assert not await service.jobs.cancel(job.id)
    assert (await service.job(job.id)).state is JobState.DONE
    assert service.notifier.ends == ["trained pip v1"]


async def test_publishing_that_has_begun_is_done_whole(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def write_slowly(path: Path, reference: str, posts: Sequence[Post]) -> None:
        begun.set()
        assert may_go_on.wait(PATIENCE)
        write_posts(path, posts)

    monkeypatch.setattr(service.sources, "keep", write_slowly)
    async with service.running():
        job = await service.add_job()
        await eventually(begun.is_set)
        cancelling = asyncio.create_task(service.jobs.cancel(job.id))
        await asyncio.sleep(0.01)
        may_go_on.set()
        assert not await cancelling
    assert (await service.job(job.id)).state is JobState.DONE
    assert await service.store.persona("pip") is not None


# Stopping


async def test_stopping_the_bot_puts_the_job_back(service: FakeService) -> None:
    await service.add_persona("pip", 1)
    async with service.running():
        number = await in_the_middle(service)
    job = await service.job(number)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0)
    assert service.trainer.log[-1] == "end pip"
    assert service.notifier.ends == []
    assert service.jobs.progress is None
    checkpoint = service.folders.work(number) / "checkpoint.pt"
    checkpoint.touch()
    await service.jobs.recover()  # with the next start
    assert checkpoint.exists()
    await check_old_version(service)
    service.trainer.gate.set()
    async with service.running():
        await service.notifier.wait(number)
    assert service.notifier.ends == ["trained pip v2"]
    assert not service.folders.work(number).exists()


async def test_stopping_the_bot_while_a_job_is_being_cancelled(service: FakeService) -> None:
    async with service.running():
        number = await in_the_middle(service)
        cancelling = asyncio.create_task(service.jobs.cancel(number))
        await asyncio.sleep(0)
    assert await cancelling
    assert (await service.job(number)).state is JobState.CANCELLED


async def test_stopping_the_bot_right_after_the_start(service: FakeService) -> None:
    job = await service.add_job()
    async with service.running():
        await asyncio.sleep(0)
    await service.jobs.recover()
    assert (await service.job(job.id)).state is JobState.QUEUED


async def test_a_stop_in_the_middle_of_publishing_loses_nothing(service: FakeService) -> None:
    await service.add_persona("pip", 1)
    for pauses in range(1, 12):
        async with service.running():
            job = await service.add_job()
            await eventually(lambda: "end pip" in service.trainer.log)
            for _ in range(pauses):
                await asyncio.sleep(0)
        if (await service.job(job.id)).state is JobState.QUEUED:
            async with service.running():
                await service.notifier.wait(job.id)
        assert (await service.job(job.id)).state is JobState.DONE
        persona = await service.store.persona("pip")
        assert persona is not None
        assert read_manifest(service.folders.root / persona.folder) == persona.manifest
        service.trainer.log.clear()


async def test_after_a_kill_the_job_is_queued_again_once(service: FakeService) -> None:
    assert MAX_ATTEMPTS == 2
    job = await service.add_job()
    leftover = service.folders.work(job.id) / "version"
    leftover.mkdir(parents=True)
    for state in (JobState.QUEUED, JobState.FAILED):
        assert await service.store.claim_job() is not None  # and then the process is killed
        (recovered,) = await service.jobs.recover()
        assert (recovered.id, recovered.state) == (job.id, state)
        assert leftover.exists() == (state is JobState.QUEUED)  # the next attempt may go on from it
    assert recovered.error is not None
    assert "/train @pip" in recovered.error
    assert await service.jobs.recover() == []


async def test_nothing_is_logged_as_an_error_when_all_goes_well(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    await service.train()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
