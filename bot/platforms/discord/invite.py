"""The links that add the bot to a server, or to a person's account."""

from __future__ import annotations

import discord

from bot.errors import OperatorError, SettingsError
from bot.platforms.discord.connection import UNKNOWN_TOKEN, UNREACHABLE, check_token, unlike_discord, use_servers
from bot.settings import DiscordSettings

# What posting needs, and webhooks for replies under a persona's own name.
PERMISSIONS = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    manage_webhooks=True,
)
SCOPES = ("bot", "applications.commands")


async def links(settings: DiscordSettings) -> list[tuple[str, str]]:
    """(what it is for, link). Raises SettingsError where Discord doesn't know the token; OperatorError offline."""
    use_servers(settings)
    try:
        async with discord.Client(intents=discord.Intents.none()) as client:
            await client.login(check_token(settings))
            number = (await client.application_info()).id
    except discord.LoginFailure:
        raise SettingsError(UNKNOWN_TOKEN) from None
    except UNREACHABLE as error:
        raise OperatorError(f"Discord can't be reached ({error}). Check the network, and discord.api_base.") from error
    except discord.HTTPException as error:
        raise SettingsError(unlike_discord(settings, error)) from None
    person = discord.utils.oauth_url(number, scopes=SCOPES[1:])
    return [
        (
            "For a server (its admin opens this)",
            discord.utils.oauth_url(number, permissions=PERMISSIONS, scopes=SCOPES),
        ),
        ("For your own account, to use it anywhere", f"{person}&integration_type=1"),
    ]
