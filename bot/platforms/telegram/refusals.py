"""What Telegram's refusals mean. It has no codes for them, only sentences."""

from __future__ import annotations

import warnings
from datetime import timedelta

import httpx
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError

# Parts of descriptions in the Bot API's answers, as its server (tdlib/telegram-bot-api) words them.
_SAME = ("message is not modified",)
_NO_MESSAGE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",
    "there is no caption in the message to edit",
    "message to delete not found",
    "message can't be deleted",
)
_NO_CHAT = (
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "message thread not found",
    "topic_closed",
    "topic_deleted",
    "chat_write_forbidden",
    "chat_restricted",
    "peer_id_invalid",
    "user is deactivated",
    "bot was kicked",
    "group chat was deactivated",
)

NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def is_network(error: TelegramError) -> bool:
    """The network, or Telegram's servers: the same may work later."""
    nonsense = type(error) is TelegramError  # what the library makes of an answer that isn't Telegram's
    return nonsense or (isinstance(error, NetworkError) and not isinstance(error, BadRequest))


def may_have_arrived(error: TelegramError) -> bool:
    """Perhaps Telegram did what we asked, and only its answer was lost."""
    return is_network(error) and not isinstance(error.__cause__, NEVER_LEFT)


def seconds_to_wait(error: RetryAfter) -> float:
    with warnings.catch_warnings():  # that the type of this will be another one; both are taken
        warnings.simplefilter("ignore")
        given = error.retry_after
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


def is_same(error: TelegramError) -> bool:
    """It says that already."""
    return _says(error, _SAME)


def no_message(error: TelegramError) -> bool:
    """The message that was to be changed isn't there, or isn't ours to change."""
    return _says(error, _NO_MESSAGE)


def no_chat(error: TelegramError) -> bool:
    """Nothing can be written there: blocked, kicked, gone, closed, not allowed."""
    return isinstance(error, Forbidden) or _says(error, _NO_CHAT)


def _says(error: TelegramError, parts: tuple[str, ...]) -> bool:
    return isinstance(error, BadRequest | Forbidden) and any(part in error.message.lower() for part in parts)
