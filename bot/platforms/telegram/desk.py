"""What all handlers work with, and how each is run: acknowledged in time, its errors told to the person."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass

import telegram
from telegram.error import RetryAfter, TelegramError

from bot.domain import Caller
from bot.platforms.board import Board
from bot.platforms.handling import acknowledged, reason
from bot.platforms.telegram.answer import Answer
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message
from bot.platforms.telegram.outbox import Outbox
from bot.platforms.telegram.people import Admins
from bot.platforms.telegram.posts import Posts
from bot.platforms.telegram.refusals import is_network, no_chat
from bot.texts import Text
from bot.usecases.services import Services

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Asked:
    """One thing that somebody asked for. `text`: what comes after the command, or what the button is about.

    `message`: theirs, or the one with the button, which `presser` has pressed.
    """

    caller: Caller
    answer: Answer
    text: str
    message: telegram.Message
    presser: telegram.User | None = None

    @property
    def look(self) -> Look:
        return self.answer.look


@dataclass
class Desk:
    """`me`: who the bot is on Telegram; not before it is connected."""

    services: Services
    outbox: Outbox
    board: Board[Message]
    posts: Posts
    admins: Admins
    me: telegram.User | None = None

    def look(self, locale: str) -> Look:
        me = self.me
        return Look(locale, str(me.username), bool(me.supports_inline_queries)) if me else Look(locale)

    async def see_through(self, answer: Answer, work: Awaitable[None]) -> None:
        """To its end; whatever goes wrong is told to the person. Raises TelegramError when Telegram was away."""
        try:
            await acknowledged(asyncio.ensure_future(work), answer.think)
            await answer.acknowledge()
        except Exception as error:
            if isinstance(error, TelegramError) and (is_network(error) or isinstance(error, RetryAfter)):
                raise
            await self.explain(answer, error)

    async def explain(self, answer: Answer, error: Exception) -> None:
        if (text := _reason(error)) is None:
            return
        try:
            await answer.tell(text)
        except TelegramError as why:
            logger.warning("an error (%s) could not be told: %s", type(error).__name__, why)


def _reason(error: Exception) -> str | None:
    """What a person is told; None: there is nobody to tell any more."""
    if not isinstance(error, TelegramError):
        return reason(error)
    logger.warning("Telegram didn't take an answer: %s", error)
    if no_chat(error):
        return None
    return Text("Telegram refused my answer ({why}).", why=error.message)
