"""Where Discord is, who we are there, and staying connected to it."""

from __future__ import annotations

import asyncio
import logging

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.errors import SettingsError
from bot.platforms.discord.client import Client
from bot.platforms.discord.steady import NETWORK
from bot.platforms.handling import patiently
from bot.settings import DiscordSettings

UNKNOWN_TOKEN = (
    "discord.token: Discord doesn't know this token. Copy it again from the developer portal: "
    "your application → Bot → Reset Token."
)
REFUSED_TOKEN = 4004  # the gateway's code for a token that was reset
UNREACHABLE = (discord.DiscordServerError, discord.GatewayNotFound, TimeoutError, *NETWORK)
logger = logging.getLogger(__name__)


def use_servers(settings: DiscordSettings) -> None:
    """The library keeps the addresses of Discord in two class attributes; there is no other way to say them."""
    Route.BASE = settings.api_base.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway)


def check_token(settings: DiscordSettings) -> str:
    """Raises SettingsError when there is none."""
    if settings.token is None:
        raise SettingsError("discord.token is missing. Set MYNAH_DISCORD__TOKEN; the README says where to get it.")
    return settings.token.get_secret_value()


async def run_discord(client: Client, settings: DiscordSettings) -> None:
    """Until cancelled, or until Discord refuses the bot. Raises SettingsError."""
    token = check_token(settings)
    use_servers(settings)
    try:
        async with client:
            try:
                await patiently(lambda: reach(settings), away, "Discord")
                await patiently(lambda: client.login(token), away, "Discord")
                await patiently(client.connect, away, "Discord")
            finally:
                logger.info("leaving Discord; a training goes on with the next start")
                await asyncio.gather(client.desk.say_goodbye(), client.board.close())
    except discord.LoginFailure:
        raise SettingsError(UNKNOWN_TOKEN) from None
    except discord.HTTPException as error:
        raise SettingsError(unlike_discord(settings, error)) from None
    except discord.ConnectionClosed as error:  # those that connecting again doesn't help
        raise SettingsError(UNKNOWN_TOKEN if error.code == REFUSED_TOKEN else f"Discord closed ({error}).") from None


def is_connected(client: Client) -> bool:
    """To the gateway, in all shards."""
    return client.is_ready() and not any(shard.is_closed() for shard in client.shards.values())


async def reach(settings: DiscordSettings) -> None:
    """Is anybody there? Asked before the library is: it leaves a session open with each login that fails."""
    async with aiohttp.ClientSession() as session, session.get(f"{settings.api_base.rstrip('/')}/gateway"):
        pass


def unlike_discord(settings: DiscordSettings, error: discord.HTTPException) -> str:
    return f"{settings.api_base} doesn't answer as Discord does ({error}). Check discord.api_base."


def away(error: Exception) -> bool:
    return isinstance(error, UNREACHABLE)
