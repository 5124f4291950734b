"""What all handlers work with, and how each is run: once, acknowledged in time, its errors told to the person."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import discord

from bot.platforms.board import Board
from bot.platforms.discord.answer import Answer, Reply
from bot.platforms.discord.look import Look
from bot.platforms.discord.message import Message
from bot.platforms.discord.people import Asked
from bot.platforms.discord.steady import GONE, NETWORK, TOKEN_EXPIRED, TOO_LATE, UNKNOWN_MESSAGE
from bot.platforms.discord.webhooks import Webhooks
from bot.platforms.handling import GOODBYE_SECONDS, GRACE_SECONDS, REMEMBERED, Seen, acknowledged, reason
from bot.texts import Text
from bot.usecases.services import Services

UNREACHABLE = GONE | {TOKEN_EXPIRED, TOO_LATE, UNKNOWN_MESSAGE}  # of Discord's error codes
logger = logging.getLogger(__name__)


@dataclass
class Desk:
    """`commands`: by name, the ids under which Discord knows them."""

    client: discord.Client
    services: Services
    board: Board[Message]
    webhooks: Webhooks
    commands: dict[str, int] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    _locales: dict[int, str] = field(default_factory=dict)
    _open: dict[asyncio.Future[None], tuple[Answer | Reply, str]] = field(default_factory=dict)  # with their locale

    def look(self, locale: str) -> Look:
        return Look(locale, self.commands)

    async def answer(
        self,
        asked: Asked,
        work: Callable[[Answer], Awaitable[None]],
        private: bool = True,
        in_place: bool = False,
    ) -> None:
        """Do the work of one interaction, unless this is a copy of it; acknowledge it in time. Never raises."""
        self._locales[asked.user.id] = asked.locale.value
        if len(self._locales) > REMEMBERED:
            del self._locales[next(iter(self._locales))]
        if not self.seen.again(asked.id):
            answer = Answer(asked, private, in_place)
            await self.see_through(answer, asked.locale.value, work(answer))

    def locale_of(self, user_id: int) -> str | None:
        """What somebody's Discord was last set to: their commands tell it, their messages don't."""
        return self._locales.get(user_id)

    async def guard(self, asked: Asked, handling: Awaitable[None]) -> None:
        """What goes wrong before there is an answer is told as well."""
        try:
            await handling
        except Exception as error:
            await self.explain(Answer(asked, private=True), asked.locale.value, error)

    async def see_through(self, answer: Answer | Reply, locale: str, work: Awaitable[None]) -> None:
        """To its end; whatever goes wrong is told to the person."""
        task = asyncio.ensure_future(work)
        self._open[task] = (answer, locale)
        try:
            await acknowledged(task, answer.think)
        except Exception as error:
            await self.explain(answer, locale, error)
        finally:
            del self._open[task]

    async def say_goodbye(self) -> None:
        """What is nearly done is done; those who wait for the rest are told that it won't come."""
        if not self._open:
            return
        await asyncio.wait(self._open, timeout=GRACE_SECONDS)
        waiting = dict(self._open)
        for task in waiting:
            task.cancel()
        text = Text("I'm being restarted. Please ask again in a moment.")
        told = [answer.tell(self.look(locale).notice(text)) for answer, locale in waiting.values()]
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.gather(*told, return_exceptions=True)

    async def explain(self, answer: Answer | Reply, locale: str, error: Exception) -> None:
        if (text := _reason(error)) is None:
            return
        try:
            await answer.tell(self.look(locale).notice(text))
        except (discord.HTTPException, *NETWORK) as why:
            logger.warning("an error (%s) could not be told: %s", type(error).__name__, why)


def _reason(error: Exception) -> str | None:
    """What a person is told; None: there is nobody to tell any more."""
    if isinstance(error, discord.HTTPException):
        logger.warning("Discord refused an answer: %s", error)
        return None if error.code in UNREACHABLE else Text("Discord refused my answer ({why}).", why=error.text)
    if isinstance(error, NETWORK):
        logger.warning("Discord can't be reached: %r", error)
        return None
    return reason(error)
