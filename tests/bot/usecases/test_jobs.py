from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from bot.domain import AccountSource, Caller, Job, JobState
from bot.errors import AlreadyTraining, BadInput, NotAllowed, NotFound, OperatorError
from bot.usecases.gate import TRAININGS
from bot.usecases.jobs import became, cancel, list_jobs, retry
from bot.usecases.train import OPERATOR
from tests.doubles.service import CALLER, FakeService


async def test_the_latest_jobs_newest_first(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_job(name)
    assert [job.persona for job in await list_jobs(service.services, CALLER)] == ["bob", "pip"]


async def test_cancelling_gives_the_job_as_it_is_then(service: FakeService) -> None:
    job = await service.add_job()
    assert (await cancel(service.services, CALLER, job.id)).state is JobState.CANCELLED


async def test_cancelling_a_running_job_is_over_when_it_returns(service: FakeService) -> None:
    service.sources.gate.clear()
    job = await service.add_job()
    async with service.running():
        while not service.trainer.log:
            await service.job(job.id)
        assert (await cancel(service.services, CALLER, job.id)).state is JobState.CANCELLED


@pytest.mark.parametrize("number", [0, 77, 10**18, 10**40])
async def test_a_job_that_there_is_not(service: FakeService, number: int) -> None:
    with pytest.raises(NotFound, match=f"There is no job {number}"):
        await cancel(service.services, CALLER, number)


async def test_a_job_that_has_ended_says_how(service: FakeService) -> None:
    job = await service.train()
    with pytest.raises(BadInput, match=r"Job 1 \(@pip\) is already done"):
        await cancel(service.services, CALLER, job.id)


OWNER = Caller("discord", "7", "channel", "discord:1", "de")


async def fail(service: FakeService, caller: Caller = CALLER) -> Job:
    service.trainer.error = OperatorError("The worker is gone.")
    job = await service.add_job(caller=caller)
    async with service.running():
        await service.notifier.wait(job.id)
    service.trainer.error = None
    return await service.job(job.id)


async def test_a_failed_job_is_tried_again_for_who_asked(service: FakeService) -> None:
    failed = await fail(service, OWNER)
    again, position = await retry(service.services, failed.id)
    assert (again.id, position) == (failed.id + 1, 0)
    assert (again.accounts, again.caller, again.fresh) == (failed.accounts, OWNER, failed.fresh)
    async with service.running():
        await service.notifier.wait(again.id)
    assert await service.store.spaces("pip") == {"discord:1"}


async def test_nobody_gains_a_training_by_a_retry_that_comes_to_nothing(service: FakeService) -> None:
    today = service.services.gate._today()
    await service.services.chats.use("discord:1", TRAININGS, today, 3)
    failed = await fail(service, OWNER)  # which nobody counted, and one is given back
    again, _ = await retry(service.services, failed.id)
    await cancel(service.services, OPERATOR, again.id)
    assert await service.services.chats.used("discord:1", TRAININGS, today) == 2


async def test_a_retry_that_is_cut_off_while_it_is_written_down_is_begun_all_the_same(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = await fail(service)
    add = service.store.add_job

    async def add_and_go(*wanted: Any) -> Job:
        await add(*wanted)
        raise asyncio.CancelledError

    monkeypatch.setattr(type(service.store), "add_job", lambda self, *wanted: add_and_go(*wanted))
    assert not service.jobs._wake.is_set()
    with pytest.raises(asyncio.CancelledError):
        await retry(service.services, failed.id)
    assert service.jobs._wake.is_set()


async def test_a_cancelled_job_too(service: FakeService) -> None:
    job = await service.add_job()
    await cancel(service.services, CALLER, job.id)
    assert (await retry(service.services, job.id))[0].state is JobState.QUEUED


async def test_what_is_under_way_or_done_is_not_tried_again(service: FakeService) -> None:
    job = await service.add_job()
    with pytest.raises(AlreadyTraining, match=r"Job 1 \(@pip\) is queued still") as caught:
        await retry(service.services, job.id)
    assert caught.value.job_id == job.id
    async with service.running():
        await service.notifier.wait(job.id)
    with pytest.raises(BadInput, match="is done; there is nothing to try again"):
        await retry(service.services, job.id)
    with pytest.raises(NotFound, match="There is no job 77"):
        await retry(service.services, 77)


async def test_another_one_may_be_under_way(service: FakeService) -> None:
    failed = await fail(service)
    other = await service.add_job()
    with pytest.raises(AlreadyTraining) as caught:
        await retry(service.services, failed.id)
    assert caught.value.job_id == other.id


async def test_a_forgotten_one_has_nothing_to_be_tried_with(service: FakeService) -> None:
    failed = await fail(service)
    await service.store.forget("pip")
    with pytest.raises(BadInput, match="was forgotten with its persona"):
        await retry(service.services, failed.id)


async def test_who_has_opted_out_meanwhile_stays_out(service: FakeService) -> None:
    failed = await fail(service)
    await service.services.chats.opt_out("pip")
    with pytest.raises(NotAllowed, match="doesn't want to be imitated"):
        await retry(service.services, failed.id)


@pytest.mark.parametrize(
    ("place", "reason"), [("uploads/x/posts.txt", "It has to be sent again"), ("posts.txt", "isn't there any more")]
)
async def test_a_file_that_is_gone(service: FakeService, place: str, reason: str) -> None:
    path = service.folders.root / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    job = await service.store.add_job([AccountSource("pip", f"file:{path}")], "pip", CALLER)
    await service.store.move_job(job.id, JobState.CANCELLED)
    path.unlink()
    with pytest.raises(BadInput, match=reason):
        await retry(service.services, job.id)
    path.touch()
    assert (await retry(service.services, job.id))[0].accounts == job.accounts


async def test_which_version_a_job_became(service: FakeService) -> None:
    first = await service.train()
    failed = await fail(service)
    second = await service.train(fresh=True)
    numbers = [
        await became(service.services.library, service.folders.root, job)
        for job in (first, failed, second, replace(first, id=77))
    ]
    assert numbers == [1, None, 2, None]
    (service.folders.version("pip", 1) / "manifest.json").unlink()
    assert await became(service.services.library, service.folders.root, first) is None
