"""How updates come from Telegram: by asking for them, or by a webhook."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import telegram
from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError
from telegram.ext import Updater
from telegram.request import HTTPXRequest

from bot.errors import SettingsError
from bot.platforms.handling import patiently
from bot.platforms.telegram.inbox import Arrivals
from bot.platforms.telegram.refusals import is_network
from bot.settings import TelegramSettings

WANTED = ["message", "channel_post", "callback_query", "inline_query", "my_chat_member"]  # edits are not
POLL_SECONDS = 10
logger = logging.getLogger(__name__)


class Polling(HTTPXRequest):
    """How Telegram is asked for updates. `works`: the last time it did."""

    works = True

    async def do_request(self, *arguments: Any, **options: Any) -> tuple[int, bytes]:
        try:
            code, payload = await super().do_request(*arguments, **options)
        except TelegramError:
            self.works = False
            raise
        self.works = code == HTTPStatus.OK
        return code, payload


@asynccontextmanager
async def receiving(bot: telegram.Bot, settings: TelegramSettings, arrivals: Arrivals) -> AsyncIterator[None]:
    """Meanwhile updates come: Telegram is asked for them, or, with `telegram.webhook_url`, brings them.

    Raises SettingsError.
    """
    async with Updater(bot, arrivals) as updater:
        if settings.webhook_url is None:
            await updater.start_polling(
                timeout=POLL_SECONDS, bootstrap_retries=-1, allowed_updates=WANTED, error_callback=_lament
            )
        else:
            await _start_webhook(updater, settings, settings.webhook_url)
        try:
            yield
        finally:
            await updater.stop()


async def _start_webhook(updater: Updater, settings: TelegramSettings, url: str) -> None:
    """Raises SettingsError when the port is taken."""
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else secrets.token_urlsafe(32)
    await _check_webhook(updater.bot, url, secret)
    try:
        await updater.start_webhook(
            settings.webhook_listen,
            settings.webhook_port,
            urlsplit(url).path,
            bootstrap_retries=-1,
            webhook_url=url,
            allowed_updates=WANTED,
            secret_token=secret,
        )
    except OSError as error:
        where = f"{settings.webhook_listen}:{settings.webhook_port}"
        raise SettingsError(f"telegram.webhook_port: {where} can't be listened at ({error.strerror}).") from error
    host, here = urlsplit(url).hostname, f"{settings.webhook_listen}:{settings.webhook_port}"
    logger.info("Telegram calls %s, which has to reach %s", host, here)  # not the address: its path may be a secret


async def _check_webhook(bot: telegram.Bot, url: str, secret: str) -> None:
    """The library would try again and again, in silence. Raises SettingsError."""

    async def set_webhook() -> None:
        await bot.set_webhook(url, allowed_updates=WANTED, secret_token=secret)

    try:
        await patiently(set_webhook, away, "Telegram")
    except BadRequest as error:
        raise SettingsError(f"telegram.webhook_url: Telegram doesn't take {url} ({error.message}).") from None


def _lament(error: TelegramError) -> None:
    if isinstance(error, Conflict):
        logger.warning("another program receives this bot's updates: stop it, or give this one a bot of its own")
    else:
        logger.warning("Telegram can't be reached (%s); trying again", error)


def away(error: Exception) -> bool:
    return isinstance(error, RetryAfter) or (isinstance(error, TelegramError) and is_network(error))
