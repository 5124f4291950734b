"""Watchers: bot.ports.Notifier in front of another one; tells whoever watches a job what the other one is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.domain import Job, Persona
from bot.jobs import JobRunner
from bot.ports import Notifier, Store
from trainer.protocol import Progress

MOST = 100  # pieces of news that wait for one who watches
UNFINISHED = {"queued", "running"}


@dataclass(frozen=True)
class News:
    """Of a job: how far it is; or its persona, ready or with its report card (`reported`); or why there is none."""

    job: Job
    progress: Progress | None = None
    persona: Persona | None = None
    reported: bool = False
    failure: str | None = None


@dataclass
class Watchers:
    notifier: Notifier
    _watching: dict[int, set[asyncio.Queue[News]]] = field(default_factory=dict)

    async def progress(self, job: Job, progress: Progress) -> None:
        self._tell(News(job, progress=progress))
        await self.notifier.progress(job, progress)

    async def trained(self, job: Job, persona: Persona) -> None:
        self._tell(News(job, persona=persona))
        await self.notifier.trained(job, persona)

    async def reported(self, job: Job, persona: Persona) -> None:
        self._tell(News(job, persona=persona, reported=True))
        await self.notifier.reported(job, persona)

    async def failed(self, job: Job, message: str) -> None:
        self._tell(News(job, failure=str(message)))
        await self.notifier.failed(job, message)

    def _tell(self, news: News) -> None:
        for queue in self._watching.get(news.job.id, ()):
            queue.put_nowait(news)
            if queue.qsize() > MOST:
                _thin(queue)

    @contextmanager
    def _hearing(self, job_id: int) -> Iterator[asyncio.Queue[News]]:
        queue = asyncio.Queue[News]()
        watching = self._watching.setdefault(job_id, set())
        watching.add(queue)
        try:
            yield queue
        finally:
            watching.discard(queue)
            if not watching:
                self._watching.pop(job_id, None)

    async def watch(self, job_id: int, store: Store, jobs: JobRunner) -> AsyncGenerator[News, None]:
        """A job's news from now until it has ended, report card included; none of one that has ended before."""
        with self._hearing(job_id) as queue:
            job = await store.job(job_id)
            if job is None or job.state not in UNFINISHED:
                return
            over = False
            while not over:
                news = await queue.get()
                yield news
                over = news.failure is not None or news.persona is not None
            await jobs.settled(job_id)
            while not queue.empty():
                yield queue.get_nowait()


def _thin(queue: asyncio.Queue[News]) -> None:
    """Who watches doesn't listen, as after Ctrl-Z: the oldest progress goes, its end and its preview stay."""
    waiting = [queue.get_nowait() for _ in range(queue.qsize())]
    oldest = next((one for one in waiting if one.progress and not one.progress.preview), None)
    for news in waiting:
        if news is not oldest:
            queue.put_nowait(news)
