"""Jobs' messages on Telegram: posted, edited, and the person called."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from telegram.error import TelegramError

from bot.domain import Job, JobMessage
from bot.platforms.telegram.message import Message, Place, Sent, place_at
from bot.platforms.telegram.outbox import Outbox
from bot.platforms.telegram.refusals import is_network
from bot.ports import Chats

PRIVATE_SECONDS, GROUP_SECONDS = 2.0, 5.0  # between two edits; a group takes twenty messages a minute in all
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Posts:
    """bot.platforms.board.Posts. `answering`: by job, the message that its first one replies to."""

    outbox: Outbox
    chats: Chats
    answering: dict[int, int | None] = field(default_factory=dict)

    @property
    def possible(self) -> bool:
        return True  # the outbox waits until there is a connection

    def pace(self, known: JobMessage) -> float:
        return PRIVATE_SECONDS if place_at(known.channel).private else GROUP_SECONDS

    async def edit(
        self, job: Job, message: Message, known: JobMessage | None = None, illustrated: bool = False
    ) -> JobMessage | None:
        known = known or await self.chats.message(job.id)
        if known is None:
            return None
        try:
            there = await self.outbox.edit(Sent(place_at(known.channel).chat, int(known.message)), message, illustrated)
        except TelegramError as error:
            self._give_up(job, error, logging.DEBUG)
            return None
        return known if there else None

    async def post(self, job: Job, message: Message, key: str) -> JobMessage | None:
        """Where the job was asked for; else to the person alone; else nowhere. The outbox sends it once."""
        return await self.outbox.steady.seen_through(self._post(job, message))

    async def _post(self, job: Job, message: Message) -> JobMessage | None:
        asked, reply_to = place_at(job.caller.channel), self.answering.pop(job.id, None)
        alone = [Place(int(job.caller.user))] if job.caller.user.isdigit() and not asked.private else []
        for place in (asked, *([Place(asked.chat)] if asked.thread else []), *alone):
            try:
                sent = await self.outbox.send(place, message, reply_to if place == asked else None)
            except TelegramError as error:
                self._give_up(job, error)
                continue
            known = JobMessage(job.id, Place(sent.chat, place.topic).key, str(sent.id))
            await self.chats.set_message(known)
            return known
        return None

    async def call(self, job: Job, known: JobMessage | None, message: Message) -> None:
        if known is None:
            return
        try:
            await self.outbox.send(place_at(known.channel), message, int(known.message))
        except TelegramError as error:
            self._give_up(job, error)

    def _give_up(self, job: Job, error: TelegramError, level: int = logging.INFO) -> None:
        """Raises what may work later."""
        if is_network(error):
            raise error
        logger.log(level, "job %d: Telegram doesn't take its message for %s: %s", job.id, job.caller.channel, error)
