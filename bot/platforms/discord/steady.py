"""Calls to Discord that are tried again where that may help, and its refusals in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from bot.texts import Text

T = TypeVar("T")

TRIES = 4
PAUSE_SECONDS = 0.5
# Codes of Discord's JSON errors (developer documentation, "Opcodes and Status Codes").
UNKNOWN_CHANNEL, UNKNOWN_MESSAGE, TOO_LATE, ALREADY_ANSWERED = 10003, 10008, 10062, 40060
OLD_MESSAGE = 30046
NO_ACCESS, CANNOT_DM, NO_PERMISSION, TOKEN_EXPIRED = 50001, 50007, 50013, 50027
GONE = frozenset({UNKNOWN_CHANNEL, NO_ACCESS, CANNOT_DM, NO_PERMISSION})
NETWORK = (aiohttp.ClientError, ConnectionError)


async def steadily(call: Callable[[], Awaitable[T]]) -> T:
    """Only for what may be done twice. The library waits for rate limits and repeats most server errors by itself."""
    for attempt in range(1, TRIES):
        try:
            return await call()
        except discord.DiscordServerError:
            pass
        except NETWORK:
            pass
        await asyncio.sleep(PAUSE_SECONDS * attempt)
    return await call()


# What posting into a channel needs, in the words of Discord's own settings.
NEEDED = {
    "view_channel": Text("View Channel"),
    "send_messages": Text("Send Messages"),
    "send_messages_in_threads": Text("Send Messages in Threads"),
    "embed_links": Text("Embed Links"),
    "attach_files": Text("Attach Files"),
    "read_message_history": Text("Read Message History"),
}


def missing_permission(permissions: discord.Permissions, in_thread: bool) -> Text | None:
    """The first one that posting needs and that isn't there."""
    unneeded = "send_messages" if in_thread else "send_messages_in_threads"
    for name, label in NEEDED.items():
        if name != unneeded and not getattr(permissions, name):
            return label
    return None
