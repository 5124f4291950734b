"""Who the bot is on each messenger: its token, tried by the library that serves it. Nothing is written there."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import discord
import httpx
import telegram
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot.errors import OperatorError, SettingsError
from bot.platforms.discord.connection import (
    UNKNOWN_TOKEN,
    UNREACHABLE,
    check_token,
    reach,
    unlike_discord,
    use_servers,
)
from bot.platforms.telegram.connection import TOKEN
from bot.platforms.telegram.connection import UNKNOWN_TOKEN as UNKNOWN_TO_TELEGRAM
from bot.platforms.telegram.receiving import away
from bot.settings import DiscordSettings, TelegramSettings


@dataclass(frozen=True)
class Greeting:
    """The bot's name there, and the answer's Date header."""

    name: str
    date: str | None


async def discord_bot(settings: DiscordSettings) -> Greeting:
    """Raises SettingsError where Discord doesn't know the token, OperatorError where it can't be asked."""
    token, dates = check_token(settings), list[str | None]()
    use_servers(settings)
    try:
        await reach(settings)
        client = discord.Client(intents=discord.Intents.none(), http_trace=_traced(dates))
        async with client:
            await client.login(token)
            return Greeting(str(client.user), dates[-1] if dates else None)
    except (discord.LoginFailure, ValueError):  # ValueError: no header can have it in it
        raise SettingsError(UNKNOWN_TOKEN) from None
    except UNREACHABLE as error:
        raise OperatorError(_reason(error)) from error
    except discord.HTTPException as error:
        raise SettingsError(unlike_discord(settings, error)) from None


def _traced(dates: list[str | None]) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def note(_: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        dates.append(end.response.headers.get("Date"))

    trace.on_request_end.append(note)
    return trace


async def telegram_bot(settings: TelegramSettings) -> Greeting:
    """Raises SettingsError where Telegram doesn't know the token, OperatorError where it can't be asked."""
    token = settings.token.get_secret_value() if settings.token else ""
    if not TOKEN.fullmatch(token):
        raise SettingsError(UNKNOWN_TO_TELEGRAM)
    dates: list[str | None] = []

    async def note(response: httpx.Response) -> None:
        dates.append(response.headers.get("Date"))

    request = HTTPXRequest(httpx_kwargs={"event_hooks": {"response": [note]}})
    try:
        async with telegram.Bot(token, settings.api_base, settings.file_base, request=request) as bot:
            return Greeting(f"@{bot.username}", dates[-1] if dates else None)
    except InvalidToken:
        raise SettingsError(UNKNOWN_TO_TELEGRAM) from None
    except TelegramError as error:
        if away(error):
            raise OperatorError(_reason(error)) from error
        raise SettingsError(
            f"{settings.api_base} doesn't answer as Telegram does ({error}). Check telegram.api_base."
        ) from None


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
