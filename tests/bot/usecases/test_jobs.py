from __future__ import annotations

import pytest

from bot.domain import JobState
from bot.errors import BadInput, NotFound
from bot.usecases.jobs import cancel, list_jobs
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
