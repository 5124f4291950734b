"""bot.ports.Notifier for jobs that were asked for on Discord: a message each, edited in place until its end.

The message is the bot's own, in the channel where the job was asked for: so it can be edited for as long as the job
takes, also by the next process. Where there is no such channel (any more), it is a private message to the person.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import discord

from bot.domain import Job, JobMessage, JobState, Persona
from bot.platforms.discord import look_jobs
from bot.platforms.discord.answer import Message, Picture
from bot.platforms.discord.look import Look, utc_now
from bot.platforms.discord.people import PLATFORM
from bot.platforms.discord.steady import GONE, UNKNOWN_MESSAGE, steadily
from bot.platforms.paced import Paced
from bot.texts import Text
from bot.usecases.services import Services
from trainer.protocol import Progress

EDIT_SECONDS = 2.0
PICTURES = ("loss.png", "samples.png")  # of a persona's version, where it has them
logger = logging.getLogger(__name__)


@dataclass
class Board:
    client: discord.Client
    services: Services
    look: Callable[[str], Look]  # for a person's locale
    _locks: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _paced: dict[int, Paced[Progress]] = field(default_factory=dict)

    async def open(self, job: Job, position: int) -> JobMessage | None:
        """Show a job that was just queued. None when there is no place for it."""
        async with self._locks[job.id]:
            return await self._post(
                job, look_jobs.waiting(self.look(job.caller.locale), job, position), f"job-{job.id}"
            )

    async def progress(self, job: Job, progress: Progress) -> None:
        if job.id not in self._paced:
            self._paced[job.id] = Paced(lambda latest: self._show_progress(job, latest), EDIT_SECONDS)
        self._paced[job.id].put(progress)

    async def _show_progress(self, job: Job, progress: Progress) -> None:
        async with self._locks[job.id]:
            await self._edit(job, look_jobs.progress(self.look(job.caller.locale), job, progress, utc_now()))

    async def trained(self, job: Job, persona: Persona) -> None:
        await self._end(job, self._ready(job, persona))
        await self._call(job, look_jobs.ready_call(self.look(job.caller.locale), job))
        await self.services.chats.tell(job.id)
        await self._move_queue_up()

    async def reported(self, job: Job, persona: Persona) -> None:
        async with self._locks[job.id]:
            await self._edit(job, self._ready(job, persona))

    async def failed(self, job: Job, message: str) -> None:
        look = self.look(job.caller.locale)
        await self._end(job, look_jobs.failed(look, job, message))
        if (latest := await self.services.store.job(job.id)) and latest.state is JobState.FAILED:
            await self._call(job, look_jobs.failed_call(look, job))
        await self.services.chats.tell(job.id)
        await self._move_queue_up()

    async def catch_up(self) -> None:
        """Tell how jobs ended that ended while Discord, or this process, was away."""
        for job_id in await self.services.chats.untold(PLATFORM):
            job = await self.services.store.job(job_id)
            persona = await self.services.store.persona(job.persona) if job else None
            if job is None or not job.caller.channel:
                continue
            if job.state is JobState.DONE and persona is not None:
                await self.trained(job, persona)
            else:
                await self.failed(job, job.error or Text("It was cancelled."))
        await self._move_queue_up()

    def _ready(self, job: Job, persona: Persona) -> Message:
        look = self.look(job.caller.locale)
        return look_jobs.trained(look, persona, self.services.settings.training.warn_characters, self.pictures(persona))

    def pictures(self, persona: Persona) -> tuple[Picture, ...]:
        folder = self.services.folders.root / persona.folder
        return tuple(Picture(name, (folder / name).read_bytes()) for name in PICTURES if (folder / name).is_file())

    async def _move_queue_up(self) -> None:
        """Those who wait see their new place."""
        for job in await self.services.store.jobs():
            if job.state is JobState.QUEUED and job.caller.platform == PLATFORM:
                position = await self.services.store.position(job.id)
                async with self._locks[job.id]:
                    await self._edit(job, look_jobs.waiting(self.look(job.caller.locale), job, position))

    async def _end(self, job: Job, message: Message) -> None:
        """The last word about a job, in its message, or in a new one where that is gone."""
        if paced := self._paced.pop(job.id, None):
            await paced.close()
        async with self._locks[job.id]:
            if not await self._edit(job, message):
                await self._post(job, message, f"job-{job.id}-end")

    async def _edit(self, job: Job, message: Message) -> bool:
        """Whether there is a message that now shows this."""
        known = await self.services.chats.message(job.id)
        if known is None:
            return False
        shown = self._partial(known)
        try:
            await steadily(lambda: shown.edit(**message.edits()))
        except discord.HTTPException as error:
            if error.code not in GONE | {UNKNOWN_MESSAGE}:
                raise
            logger.info("the message of job %d is gone or closed (%s)", job.id, error.text)
            return False
        return True

    def _partial(self, known: JobMessage) -> discord.PartialMessage:
        return self.client.get_partial_messageable(int(known.channel)).get_partial_message(int(known.message))

    async def _post(self, job: Job, message: Message, nonce: str) -> JobMessage | None:
        sent = await self._send(job, message, nonce)
        if sent is None:
            return None
        known = JobMessage(job.id, str(sent.channel.id), str(sent.id))
        await self.services.chats.set_message(known)
        return known

    async def _send(self, job: Job, message: Message, nonce: str) -> discord.Message | None:
        """Into the channel where the job was asked for; else to the person alone; else nowhere, which is logged."""
        for place in (self._channel, self._private):
            try:
                channel = await place(job)
                return await steadily(lambda: channel.send(**message.parts(), nonce=nonce))  # noqa: B023
            except discord.HTTPException as error:
                if error.code not in GONE:
                    raise
                logger.info("job %d can't be shown in %s: %s", job.id, place.__name__, error.text)
        return None

    async def _channel(self, job: Job) -> discord.abc.Messageable:
        return self.client.get_partial_messageable(int(job.caller.channel))

    async def _private(self, job: Job) -> discord.abc.Messageable:
        return await steadily(lambda: self.client.create_dm(discord.Object(int(job.caller.user))))

    async def _call(self, job: Job, text: str) -> None:
        """Mention who asked, once: a message of its own, since an edited one rings no bell."""
        known = await self.services.chats.message(job.id)
        if known is None:
            return
        shown = self._partial(known)
        only_them = discord.AllowedMentions(users=[discord.Object(int(job.caller.user))], everyone=False, roles=False)
        reference = shown.to_reference(fail_if_not_exists=False)
        try:
            await steadily(
                lambda: shown.channel.send(
                    text, allowed_mentions=only_them, reference=reference, nonce=f"job-{job.id}-call"
                )
            )
        except discord.HTTPException as error:
            if error.code not in GONE:
                raise
            logger.info("who asked for job %d can't be called: %s", job.id, error.text)
