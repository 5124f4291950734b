"""The real bot in the double of Telegram, and how people there are made to speak."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from benchmarks.drawing.lighthouse import EVENING, give_samples, measured_trainings
from bot.settings import LimitSettings
from tests.bot.platforms.telegram.town import Town, town, whole
from tests.doubles.generator import generated
from tests.doubles.telegram import Chat, Message, User

LIMITS = LimitSettings(cooldown_seconds=0, answers_at_once=100, trainings_at_once=10, private_trainings_a_day=10)
AGO = timedelta(minutes=3)  # what has been asked for


@asynccontextmanager
async def lighthouse(folder: Path) -> AsyncIterator[Town]:
    """Where the sample accounts can be trained; the clock of lists stands still."""
    asked = patch("bot.store.sqlite.now", lambda: (EVENING - AGO).isoformat())
    listed = patch("bot.platforms.telegram.dialog.utc_now", lambda: EVENING)
    with asked, listed:
        async with measured_trainings(), town(folder, LIMITS) as place:
            await give_samples(place.service)
            yield place


async def asked(place: Town, user: User, chat: Chat, text: str, to: Message | None = None) -> list[Message]:
    """What somebody writes, and what the bot answers."""
    before = len(chat.sent)
    theirs = await place.fake.write(user, chat, text, reply_to=to)
    return [theirs, await whole(chat, before)]


async def said(
    place: Town, user: User, chat: Chat, text: str, *samples: str, to: Message | None = None
) -> list[Message]:
    """An answer with these samples, which begin with the prompt."""
    place.service.generator.answers.append([generated(*samples)])
    return await asked(place, user, chat, text, to)


async def pressed(place: Town, user: User, message: Message, label: str, *samples: str) -> Message:
    """What a button brings."""
    if samples:
        place.service.generator.answers.append([generated(*samples)])
    before = len(message.chat.sent)
    await place.fake.press(user, message, label)
    return await whole(message.chat, before)


async def changed(place: Town, user: User, message: Message, label: str) -> None:
    """What a button does to its message."""
    before, rows = message.plain, message.rows
    await (await place.fake.press(user, message, label)).until()
    await message.chat.until(lambda chat: (message.plain, message.rows) != (before, rows))


async def shown(chat: Chat, text: str) -> Message:
    """The bot's latest message that has this text, once it is there."""
    await chat.until(lambda chat: any(text in message.plain for message in chat.sent))
    return next(message for message in reversed(chat.sent) if text in message.plain)
