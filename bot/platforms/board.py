"""bot.ports.Notifier for jobs that were asked for on a messenger: a message each, edited in place until its end.

The message is the bot's own, so it can be edited for as long as the job takes, also by the next process.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from bot.domain import Job, JobMessage, JobState, Persona
from bot.jobs import CANCELLED
from bot.pictures.painter import Picture
from bot.platforms.paced import Paced
from bot.platforms.pictures import all_of
from bot.usecases.gate import utc_now
from bot.usecases.services import Services
from trainer.protocol import Preview, Progress

EDIT_SECONDS = 2.0
CATCH_UP_SECONDS = 60.0
CLOSE_SECONDS = 5.0
logger = logging.getLogger(__name__)

M = TypeVar("M")  # a messenger's messages
Taken = TypeVar("Taken", contravariant=True)
Made = TypeVar("Made", covariant=True)


class Posts(Protocol[Taken]):
    """Jobs' messages on a messenger."""

    @property
    def possible(self) -> bool:
        """Not before there is a connection."""

    def pace(self, known: JobMessage) -> float:
        """Seconds between two edits of a message."""

    async def edit(
        self, job: Job, message: Taken, known: JobMessage | None = None, illustrated: bool = False
    ) -> JobMessage | None:
        """The message that now shows this, if there is one; `known`: where it is, if that may be forgotten by now.

        `illustrated`: it has these pictures already, and keeps them.
        """

    async def post(self, job: Job, message: Taken, key: str) -> JobMessage | None:
        """Where the job was asked for; else to the person alone; else nowhere. Once for each key."""

    async def call(self, job: Job, known: JobMessage | None, message: Taken) -> None:
        """Mention who asked, once: a message of its own, since an edited one rings no bell."""


class JobLook(Protocol[Made]):
    """How a messenger shows a job, in the language of who asked for it. Pure."""

    def waiting(self, job: Job, position: int) -> Made:
        """`position` jobs are before it."""

    def progress(self, job: Job, now: Progress, at: datetime, preview: Preview | None) -> Made:
        """`preview`: what is learnt, once that is known."""

    def ready(self, job: Job, persona: Persona, pictures: tuple[Picture, ...]) -> Made: ...

    def failed(self, job: Job, reason: str) -> Made: ...

    def ready_call(self, job: Job) -> Made: ...

    def failed_call(self, job: Job) -> Made: ...


@dataclass
class Board(Generic[M]):
    """What the job runner tells is shown in the background, in order: messengers' troubles don't hold up trainings."""

    platform: str
    posts: Posts[M]
    look: JobLook[M]
    services: Services
    _locks: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _paced: dict[int, Paced[Progress]] = field(default_factory=dict)
    _telling: dict[int, asyncio.Task[None]] = field(default_factory=dict)  # the last step of each job
    _places: dict[int, int] = field(default_factory=dict)  # in the queue, as shown
    _previews: dict[int, Preview] = field(default_factory=dict)
    _illustrated: tuple[int, tuple[Picture, ...]] = (0, ())  # the last job whose message got pictures, and these
    _queue: Paced[None] | None = None

    async def open(self, job: Job, position: int) -> JobMessage | None:
        """Show a job that was just queued. None when there is no place for it."""
        async with self._locks[job.id]:
            known = await self.services.chats.message(job.id)  # it may have ended already
            return known or await self.posts.post(job, self.look.waiting(job, position), f"job-{job.id}")

    async def progress(self, job: Job, progress: Progress) -> None:
        if progress.preview is not None:
            self._previews[job.id] = progress.preview
        if not self.posts.possible:
            return
        if job.id not in self._paced:
            self._paced[job.id] = Paced(lambda latest: self._show_progress(job, latest), EDIT_SECONDS)
        self._paced[job.id].put(progress)

    async def _show_progress(self, job: Job, progress: Progress) -> None:
        async with self._locks[job.id]:
            known = await self.posts.edit(job, self.look.progress(job, progress, utc_now(), self._previews.get(job.id)))
        if known is not None and (paced := self._paced.get(job.id)):
            paced.seconds = self.posts.pace(known)

    async def trained(self, job: Job, persona: Persona) -> None:
        self._later(job, lambda: self._tell_trained(job, persona))

    async def reported(self, job: Job, persona: Persona) -> None:
        self._later(job, lambda: self._show_report(job, persona))

    async def failed(self, job: Job, message: str) -> None:
        known = await self.services.chats.message(job.id)  # now: a job whose persona is forgotten is forgotten next
        self._later(job, lambda: self._tell_failed(job, message, known))

    def _later(self, job: Job, step: Callable[[], Awaitable[None]]) -> None:
        """After the steps before. One that fails is caught up with later."""
        if not self.posts.possible:
            return
        before = self._telling.get(job.id)

        async def tell() -> None:
            if before is not None:
                await asyncio.wait([before])
            try:
                await step()
            except Exception:
                logger.exception("job %d could not be told", job.id)

        task = self._telling[job.id] = asyncio.create_task(tell())
        task.add_done_callback(lambda _: self._telling.get(job.id) is task and self._telling.pop(job.id))

    async def close(self) -> None:
        """What is being told is told, if it doesn't take long."""
        if self._telling:
            await asyncio.wait(self._telling.values(), timeout=CLOSE_SECONDS)

    async def keep_up(self) -> None:
        """What could not be told when it happened is told as soon as it can be. Until cancelled."""
        while True:
            try:
                await self.catch_up()
            except Exception:
                logger.exception("jobs that ended meanwhile could not be told")
            await asyncio.sleep(CATCH_UP_SECONDS)

    async def catch_up(self) -> None:
        """Tell how jobs ended that could not be told then: the messenger, or this process, was away."""
        for job_id in await self.services.chats.untold(self.platform):
            job = await self.services.store.job(job_id)
            if job is None or job_id in self._telling:
                continue
            persona = await self.services.store.persona(job.persona)
            if job.state is JobState.DONE and persona is not None:
                await self.trained(job, persona)
            else:
                await self.failed(job, job.error or CANCELLED)
        self._move_queue_up()

    async def _tell_trained(self, job: Job, persona: Persona) -> None:
        pictures = await all_of(self.services.painter, persona)
        known = await self._end(job, self.look.ready(job, persona, pictures))
        self._illustrated = (job.id, pictures)
        await self.posts.call(job, known, self.look.ready_call(job))
        await self._told(job)

    async def _show_report(self, job: Job, persona: Persona) -> None:
        last, pictures = self._illustrated
        if last != job.id:
            pictures = await all_of(self.services.painter, persona)
        async with self._locks[job.id]:
            await self.posts.edit(job, self.look.ready(job, persona, pictures), illustrated=last == job.id)

    async def _tell_failed(self, job: Job, message: str, shown: JobMessage | None) -> None:
        known = await self._end(job, self.look.failed(job, message), shown)
        latest = await self.services.store.job(job.id)
        if latest is not None and latest.state is JobState.FAILED:
            await self.posts.call(job, known, self.look.failed_call(job))
        await self._told(job)

    async def _told(self, job: Job) -> None:
        await self.services.chats.tell(job.id)
        self._locks.pop(job.id, None)
        self._places.pop(job.id, None)
        self._previews.pop(job.id, None)
        self._move_queue_up()

    def _move_queue_up(self) -> None:
        """Those who wait see their new place."""
        if self._queue is None:
            self._queue = Paced(self._show_queue, EDIT_SECONDS)
        self._queue.put(None)

    async def _show_queue(self, _: None) -> None:
        for waiting in await self.services.store.unfinished_jobs():
            if waiting.caller.platform != self.platform:
                continue
            async with self._locks[waiting.id]:
                job = await self.services.store.job(waiting.id)
                if job is None or job.state is not JobState.QUEUED:
                    continue
                position = await self.services.store.position(job.id)
                if self._places.get(job.id) != position:
                    self._places[job.id] = position
                    await self.posts.edit(job, self.look.waiting(job, position))

    async def _end(self, job: Job, message: M, shown: JobMessage | None = None) -> JobMessage | None:
        """The last word about a job, in its message, or in a new one where that is gone or closed."""
        if paced := self._paced.pop(job.id, None):
            await paced.close()
        async with self._locks[job.id]:
            edited = await self.posts.edit(job, message, shown)
            return edited or await self.posts.post(job, message, f"job-{job.id}-end")
