"""Each token, at whom it is for. Nothing is written there, and no token is ever shown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx

from bot.errors import OperatorError, SettingsError
from bot.settings import DiscordSettings, HubSettings, TelegramSettings, XSettings
from bot.setup.check import Check, doubtful, fine, wrong
from bot.setup.clock import ahead

if TYPE_CHECKING:
    from bot.setup.messengers import Greeting  # the libraries are large

SECONDS = 10.0


@dataclass(frozen=True)
class Asked:
    """`difference`: how far this machine's clock is ahead of theirs, where they said."""

    check: Check
    difference: timedelta | None = None


async def discord_token(settings: DiscordSettings) -> Asked:
    if settings.token is None:
        return Asked(fine("Discord", "no token: it isn't served"))
    from bot.setup.messengers import discord_bot

    return await _greeted("Discord", "discord.api_base", discord_bot(settings))


async def telegram_token(settings: TelegramSettings) -> Asked:
    if settings.token is None:
        return Asked(fine("Telegram", "no token: it isn't served"))
    from bot.setup.messengers import telegram_bot

    return await _greeted("Telegram", "telegram.api_base", telegram_bot(settings))


async def _greeted(name: str, key: str, greeting: Awaitable[Greeting]) -> Asked:
    try:
        async with asyncio.timeout(SECONDS):
            found = await greeting
    except SettingsError as error:
        text, _, fix = str(error).partition(". ")
        return Asked(wrong(name, text, fix))
    except (OperatorError, TimeoutError) as error:
        return Asked(_unreachable(name, key, error))
    return Asked(fine(name, f"the bot is {found.name}"), ahead(found.date, datetime.now(UTC)))


async def x_token(settings: XSettings) -> Asked:
    """Asks how much was read this month: an answer without posts or accounts, which are what X charges for."""
    if settings.token is None:
        return Asked(fine("X", "no token: X archives only"))
    url, token = f"{settings.api_base.rstrip('/')}/2/usage/tweets", settings.token.get_secret_value()
    answer = await _ask("X", "sources.x.api_base", url, token)
    if isinstance(answer, Check):
        return Asked(answer)
    difference = ahead(answer.headers.get("Date"), datetime.now(UTC))
    return Asked(_x_answer(answer), difference)


def _x_answer(answer: httpx.Response) -> Check:
    if answer.status_code == 200:
        usage = _fields(answer).get("data")
        read = usage.get("project_usage") if isinstance(usage, dict) else None
        return fine("X", "the token is right" + (f"; {read} posts read in this billing month" if read else ""))
    if answer.status_code == 401:
        return wrong("X", "X refuses the bearer token (401)", "Copy your app's again, from https://console.x.com.")
    return doubtful(
        "X", f"can't be checked: X answers {answer.status_code}", "Look at your app at https://console.x.com."
    )


async def hub_token(settings: HubSettings) -> Asked:
    if settings.token is None:
        return Asked(fine("Hub", "no token in the settings: publishing goes by `hf auth login`, if there was one"))
    hub = settings.endpoint.rstrip("/")
    answer = await _ask("Hub", "hub.endpoint", f"{hub}/api/whoami-v2", settings.token.get_secret_value())
    if isinstance(answer, Check):
        return Asked(answer)
    return Asked(_hub_answer(answer, hub), ahead(answer.headers.get("Date"), datetime.now(UTC)))


def _hub_answer(answer: httpx.Response, hub: str) -> Check:
    new = f"Make one that may write, at {hub}/settings/tokens."
    if answer.status_code == 401:
        return wrong("Hub", f"{hub} doesn't know the token (hub.token)", new)
    known = _fields(answer)
    if answer.status_code != 200 or "name" not in known:
        return doubtful("Hub", f"can't be checked: {hub} answers {answer.status_code}", "Check hub.endpoint.")
    role = _at(known, "auth", "accessToken", "role")
    if role == "read":
        return doubtful("Hub", f"the token is {known['name']}'s, but may only read: nothing can be published", new)
    return fine("Hub", f"the token is {known['name']}'s")


async def _ask(name: str, key: str, url: str, token: str) -> httpx.Response | Check:
    """An answer, or why there is none. Nobody else is shown the token: redirects are not followed."""
    if not (token.isascii() and token.isprintable()):  # no header can have that; errors would show it
        return wrong(name, "the token has characters that none has", "Copy it again.")
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(timeout=SECONDS) as client:
            return await client.get(url, headers={"Authorization": f"Bearer {token}"})
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        return _unreachable(name, key, error)


def _unreachable(name: str, key: str, error: BaseException) -> Check:
    reason = f"no answer in {SECONDS:.0f} s" if isinstance(error, TimeoutError) else str(error) or type(error).__name__
    return doubtful(name, f"can't be reached ({reason}): the token is not checked", f"Check the network, and {key}.")


def _fields(answer: httpx.Response) -> dict[str, Any]:
    try:
        known = answer.json()
    except ValueError:
        return {}
    return cast(dict[str, Any], known) if isinstance(known, dict) else {}


def _at(fields: Any, *names: str) -> Any:
    for name in names:
        fields = fields.get(name) if isinstance(fields, dict) else None
    return fields
