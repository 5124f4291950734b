"""bot.ports.Notifier for jobs that were asked for on Discord: a message each, edited in place until its end.

The message is the bot's own (`posts`), so it can be edited for as long as the job takes, also by the next process.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.domain import Job, JobMessage, JobState, Persona
from bot.jobs import CANCELLED
from bot.platforms.discord import look_jobs
from bot.platforms.discord.look import Look
from bot.platforms.discord.message import Message, Picture
from bot.platforms.discord.people import PLATFORM
from bot.platforms.discord.posts import Posts
from bot.platforms.paced import Paced
from bot.usecases.gate import utc_now
from bot.usecases.services import Services
from trainer.protocol import Progress

EDIT_SECONDS = 2.0
OLD_EDIT_SECONDS = 60.0  # of a message that is more than an hour old
CLOSE_SECONDS = 5.0
PICTURES = ("loss.png", "samples.png")  # of a persona's version, where it has them
logger = logging.getLogger(__name__)


@dataclass
class Board:
    """What the job runner tells is shown in the background, in order: Discord's troubles don't hold up trainings."""

    posts: Posts
    services: Services
    look: Callable[[str], Look]  # for a person's locale
    _locks: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _paced: dict[int, Paced[Progress]] = field(default_factory=dict)
    _telling: dict[int, asyncio.Task[None]] = field(default_factory=dict)  # the last step of each job
    _places: dict[int, int] = field(default_factory=dict)  # in the queue, as shown
    _queue: Paced[None] | None = None

    async def open(self, job: Job, position: int) -> JobMessage | None:
        """Show a job that was just queued. None when there is no place for it."""
        async with self._locks[job.id]:
            known = await self.services.chats.message(job.id)  # it may have ended already
            message = look_jobs.waiting(self.look(job.caller.locale), job, position)
            return known or await self.posts.post(job, message, f"job-{job.id}")

    async def progress(self, job: Job, progress: Progress) -> None:
        if not self.posts.possible:
            return
        if job.id not in self._paced:
            self._paced[job.id] = Paced(lambda latest: self._show_progress(job, latest), EDIT_SECONDS)
        self._paced[job.id].put(progress)

    async def _show_progress(self, job: Job, progress: Progress) -> None:
        async with self._locks[job.id]:
            message = look_jobs.progress(self.look(job.caller.locale), job, progress, utc_now())
            known = await self.posts.edit(job, message)
        if known is not None and self.posts.is_old(known) and (paced := self._paced.get(job.id)):
            paced.seconds = OLD_EDIT_SECONDS

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

    async def catch_up(self) -> None:
        """Tell how jobs ended that could not be told then: Discord, or this process, was away."""
        for job_id in await self.services.chats.untold(PLATFORM):
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
        known = await self._end(job, self._ready(job, persona))
        await self.posts.call(job, known, look_jobs.ready_call(self.look(job.caller.locale), job))
        await self._told(job)

    async def _show_report(self, job: Job, persona: Persona) -> None:
        async with self._locks[job.id]:
            await self.posts.edit(job, self._ready(job, persona))

    async def _tell_failed(self, job: Job, message: str, shown: JobMessage | None) -> None:
        look = self.look(job.caller.locale)
        known = await self._end(job, look_jobs.failed(look, job, message), shown)
        latest = await self.services.store.job(job.id)
        if latest is not None and latest.state is JobState.FAILED:
            await self.posts.call(job, known, look_jobs.failed_call(look, job))
        await self._told(job)

    async def _told(self, job: Job) -> None:
        await self.services.chats.tell(job.id)
        self._locks.pop(job.id, None)
        self._places.pop(job.id, None)
        self._move_queue_up()

    def _ready(self, job: Job, persona: Persona) -> Message:
        look = self.look(job.caller.locale)
        return look_jobs.trained(look, persona, self.services.settings.training.warn_characters, self.pictures(persona))

    def pictures(self, persona: Persona) -> tuple[Picture, ...]:
        folder = self.services.folders.root / persona.folder
        return tuple(Picture(name, (folder / name).read_bytes()) for name in PICTURES if (folder / name).is_file())

    def _move_queue_up(self) -> None:
        """Those who wait see their new place."""
        if self._queue is None:
            self._queue = Paced(self._show_queue, EDIT_SECONDS)
        self._queue.put(None)

    async def _show_queue(self, _: None) -> None:
        for waiting in await self.services.store.unfinished_jobs():
            async with self._locks[waiting.id]:
                job = await self.services.store.job(waiting.id)
                if job is None or job.state is not JobState.QUEUED or job.caller.platform != PLATFORM:
                    continue
                position = await self.services.store.position(job.id)
                if self._places.get(job.id) != position:
                    self._places[job.id] = position
                    await self.posts.edit(job, look_jobs.waiting(self.look(job.caller.locale), job, position))

    async def _end(self, job: Job, message: Message, shown: JobMessage | None = None) -> JobMessage | None:
        """The last word about a job, in its message, or in a new one where that is gone or closed."""
        if paced := self._paced.pop(job.id, None):
            await paced.close()
        async with self._locks[job.id]:
            edited = await self.posts.edit(job, message, shown)
            return edited or await self.posts.post(job, message, f"job-{job.id}-end")
