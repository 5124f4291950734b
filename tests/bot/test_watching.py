from __future__ import annotations

import asyncio

from bot.domain import Job
from bot.watching import MOST, News
from tests.doubles.processes import eventually
from tests.doubles.service import FakeService
from trainer.protocol import Preview, Progress


async def watched(service: FakeService, job: Job) -> list[News]:
    watchers = service.services.watchers
    return [news async for news in watchers.watch(job.id, service.store, service.jobs)]


def kinds(news: list[News]) -> list[str]:
    return ["reported" if one.reported else "trained" if one.persona else one.failure or "progress" for one in news]


async def test_all_news_of_a_job_in_order_and_its_report_card_last(service: FakeService) -> None:
    job = await service.add_job()
    watching = asyncio.create_task(watched(service, job))
    await asyncio.sleep(0)
    async with service.running():
        news = await watching
    assert kinds(news)[0] == "progress"
    assert kinds(news)[-2:] == ["trained", "reported"]
    assert {one.job.id for one in news} == {job.id}


async def test_several_watch_and_the_messenger_hears_of_it_too(service: FakeService) -> None:
    job = await service.add_job()
    watching = [asyncio.create_task(watched(service, job)) for _ in range(3)]
    await asyncio.sleep(0)
    async with service.running():
        first, *others = await asyncio.gather(*watching)
    assert all(one == first for one in others)
    assert service.notifier.ends == ["trained pip v1"]


async def test_a_failure_ends_it(service: FakeService) -> None:
    service.sources.error = OSError("the cable is out")
    job = await service.add_job()
    watching = asyncio.create_task(watched(service, job))
    await asyncio.sleep(0)
    async with service.running():
        news = await watching
    assert "OSError" in (news[-1].failure or "")


async def test_of_a_job_that_has_ended_or_never_was_there_is_no_news(service: FakeService) -> None:
    job = await service.train()
    assert await watched(service, job) == []
    service.services.watchers._tell(News(job))  # nobody is left who would keep it
    assert not service.services.watchers._watching


async def test_for_who_does_not_listen_the_latest_progress_is_kept_and_the_end(service: FakeService) -> None:
    job, watchers = await service.add_job(), service.services.watchers
    with watchers._hearing(job.id) as queue:
        await watchers.progress(job, Progress(stage="clean", preview=Preview(accounts=(), posts=("one",))))
        for done in range(1000):
            await watchers.progress(job, Progress(stage="train", done=done, total=1000))
        await watchers.trained(job, await service.add_persona())
        for done in range(1000):
            await watchers.progress(job, Progress(stage="check", done=done, total=1000))
        news = [queue.get_nowait() for _ in range(queue.qsize())]
    assert len(news) == MOST
    assert news[0].progress is not None
    assert news[0].progress.preview is not None
    assert news[1].persona is not None
    assert [one.progress.done for one in news[2:] if one.progress] == list(range(1002 - MOST, 1000))


async def test_whoever_goes_away_is_forgotten(service: FakeService) -> None:
    job = await service.add_job()
    watching = asyncio.create_task(watched(service, job))
    await eventually(lambda: bool(service.services.watchers._watching))
    watching.cancel()
    await asyncio.wait([watching])
    assert not service.services.watchers._watching
