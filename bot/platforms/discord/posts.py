"""Jobs' messages on Discord: posted, edited, and the person called.

A message is in the channel where the job was asked for. Where there is no such channel (any more), or the bot may not
post there, it is a private message to the person.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import discord

from bot.domain import Job, JobMessage
from bot.platforms.discord.message import Attached, Message, attached_to
from bot.platforms.discord.steady import NO_PERMISSION, OLD_MESSAGE, steadily
from bot.ports import Chats
from bot.usecases.gate import utc_now

# Discord refuses frequent edits of messages that are more than an hour old (30046).
FRESH = timedelta(minutes=50)
SERVER_ERROR, TOO_MANY = 500, 429
EDIT_SECONDS, OLD_EDIT_SECONDS = 2.0, 60.0
logger = logging.getLogger(__name__)

T = TypeVar("T")
Place = Callable[[Job], Awaitable[discord.abc.Messageable]]


@dataclass(frozen=True)
class Posts:
    """bot.platforms.board.Posts"""

    client: discord.Client
    chats: Chats

    @property
    def possible(self) -> bool:
        """Not before the login."""
        return self.client.user is not None

    def pace(self, known: JobMessage) -> float:
        old = utc_now() - discord.utils.snowflake_time(int(known.message)) > FRESH
        return OLD_EDIT_SECONDS if old else EDIT_SECONDS

    async def edit(
        self, job: Job, message: Message, known: JobMessage | None = None, illustrated: bool = False
    ) -> JobMessage | None:
        """The message that now shows this, if there is one; `known`: where it is, if that may be forgotten by now."""
        known = known or await self.chats.message(job.id)
        if known is None:
            return None
        shown = self._partial(known)
        attached = await self._attached(shown) if illustrated and message.pictures else []
        edited = await self._taken(lambda: _allowed(message, lambda one: shown.edit(**one.edits(attached))))
        return known if edited else None

    async def _attached(self, shown: discord.PartialMessage) -> list[Attached]:
        """What needn't be sent again."""
        found = await self._taken(shown.fetch)
        return attached_to(found) if found else []

    def _partial(self, known: JobMessage) -> discord.PartialMessage:
        return self.client.get_partial_messageable(int(known.channel)).get_partial_message(int(known.message))

    async def post(self, job: Job, message: Message, key: str) -> JobMessage | None:
        """Into the channel where the job was asked for; else to the person alone; else nowhere."""
        for place in (self._channel, self._private):
            sent = await self._taken(lambda: _allowed(message, lambda one: self._send(place, job, one, key)))  # noqa: B023
            if sent is not None:
                known = JobMessage(job.id, str(sent.channel.id), str(sent.id))
                await self.chats.set_message(known)
                return known
        return None

    async def _send(self, place: Place, job: Job, message: Message, nonce: str) -> discord.Message:
        channel = await place(job)
        return await channel.send(**message.parts(), nonce=nonce)

    async def _channel(self, job: Job) -> discord.abc.Messageable:
        return self.client.get_partial_messageable(int(job.caller.channel))

    async def _private(self, job: Job) -> discord.abc.Messageable:
        return await self.client.create_dm(discord.Object(int(job.caller.user)))

    async def _taken(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """None where Discord refuses it, for whatever reason: gone, closed, archived, too old, not allowed."""
        try:
            return await steadily(call)
        except discord.HTTPException as error:
            if error.status >= SERVER_ERROR or (error.status == TOO_MANY and error.code != OLD_MESSAGE):
                raise  # it may be taken later
            logger.info("Discord doesn't take the message of a job: %s", error)
            return None

    async def call(self, job: Job, known: JobMessage | None, message: Message) -> None:
        """Mention who asked, once: a message of its own, since an edited one rings no bell."""
        if known is None:
            return
        shown = self._partial(known)
        only_them = discord.AllowedMentions(users=[discord.Object(int(job.caller.user))], everyone=False, roles=False)
        reference = shown.to_reference(fail_if_not_exists=False)
        await self._taken(
            lambda: shown.channel.send(
                **message.parts(), allowed_mentions=only_them, reference=reference, nonce=f"job-{job.id}-call"
            )
        )


async def _allowed(message: Message, put: Callable[[Message], Awaitable[T]]) -> T:
    """Bare where files may not be sent."""
    try:
        return await put(message)
    except discord.Forbidden as error:
        if message.bare is None or error.code != NO_PERMISSION:
            raise
    return await put(message.bare)
