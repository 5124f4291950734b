"""Telegram's people and places → Callers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from dataclasses import dataclass, field

import telegram
from telegram.error import TelegramError

from bot.domain import Caller, private_space
from bot.platforms.telegram.message import GENERAL, Place
from bot.platforms.telegram.outbox import Outbox

PLATFORM = "telegram"
logger = logging.getLogger(__name__)
ADMIN_SECONDS = 60.0  # for which a group's list of admins is believed
FAILED_SECONDS = 5.0
REMEMBERED = 1000  # groups


@dataclass
class Admins:
    """Of groups, as Telegram lists them."""

    outbox: Outbox
    _known: dict[int, tuple[float, frozenset[int]]] = field(default_factory=dict)  # with the time to ask again
    _asking: defaultdict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def have(self, chat: int, user: int) -> bool:
        """Where Telegram doesn't say, what it said before counts."""
        async with self._asking[chat]:
            until, known = self._known.get(chat, (0.0, frozenset[int]()))
            if time.monotonic() > until:
                found = await self._ask(chat)
                known, seconds = (found, ADMIN_SECONDS) if found is not None else (known, FAILED_SECONDS)
                self._known[chat] = (time.monotonic() + seconds, known)
        self._forget_old()
        return user in known

    async def _ask(self, chat: int) -> frozenset[int] | None:
        try:
            found = await self.outbox.ask(lambda: self.outbox.bot.get_chat_administrators(chat))
        except TelegramError as error:
            logger.warning("the admins of chat %d are unknown: %s", chat, error)
            return None
        return frozenset(one.user.id for one in found)

    def _forget_old(self) -> None:
        if len(self._known) > REMEMBERED:
            oldest = next(iter(self._known))
            self.forget(oldest)
            if not self._asking[oldest].locked():
                del self._asking[oldest]

    def forget(self, chat: int) -> None:
        self._known.pop(chat, None)


async def writer_of(message: telegram.Message, admins: Admins) -> Caller:
    """Who wrote a message. In the name of a group or channel, it is the chat's own number, and no person's."""
    chat, sender = message.chat, message.sender_chat
    if message.from_user is None or sender is not None:
        author = sender or chat
        return _caller(place_of(message), str(author.id), "", author.id == chat.id)
    return await person(message.from_user, place_of(message), admins)


async def person(user: telegram.User, place: Place, admins: Admins) -> Caller:
    admin = not place.private and await admins.have(place.chat, user.id)
    return _caller(place, str(user.id), user.language_code or "", admin)


def alone(user: telegram.User) -> Caller:
    """Somebody whose chat isn't known: an inline query's."""
    return _caller(Place(user.id), str(user.id), user.language_code or "", False)


def _caller(place: Place, user: str, locale: str, admin: bool) -> Caller:
    space = private_space(PLATFORM, user) if place.private else space_of(place.chat)
    return Caller(PLATFORM, user, place.key, space, locale or "en", admin, parent=str(place.chat))


def space_of(chat: int) -> str:
    return f"{PLATFORM}:{chat}"


def place_of(message: telegram.Message) -> Place:
    if message.is_topic_message:
        return Place(message.chat.id, message.message_thread_id)
    return Place(message.chat.id, GENERAL if message.chat.is_forum else None)
