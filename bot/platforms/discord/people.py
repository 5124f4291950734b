"""Discord's people and places → Callers."""

from __future__ import annotations

from typing import Any

import discord

from bot.domain import Caller, private_space

PLATFORM = "discord"

Asked = discord.Interaction[Any]


def caller_of(asked: Asked) -> Caller:
    """Who used a command or a button, and where. Where only the person has the app, the space is their own."""
    user = str(asked.user.id)
    ours = asked.guild_id is not None and asked.is_guild_integration()
    return Caller(
        platform=PLATFORM,
        user=user,
        channel=str(asked.channel_id),
        space=space_of(asked.guild_id) if ours else private_space(PLATFORM, user),
        locale=asked.locale.value,
        admin=ours and asked.permissions.manage_guild,
        roles=roles_of(asked.user) if ours else (),
        parent=parent_of(asked.channel),
    )


def writer_of(message: discord.Message) -> Caller:
    """Who wrote a message. Its language is the server's: messages don't tell their writer's."""
    user, guild = message.author, message.guild
    locale = guild.preferred_locale.value if guild else "en"
    return Caller(
        platform=PLATFORM,
        user=str(user.id),
        channel=str(message.channel.id),
        space=space_of(guild.id) if guild else private_space(PLATFORM, str(user.id)),
        locale=locale,
        admin=isinstance(user, discord.Member) and user.guild_permissions.manage_guild,
        roles=roles_of(user),
        parent=parent_of(message.channel),
    )


def space_of(guild_id: int | None) -> str:
    return f"{PLATFORM}:{guild_id}"


def roles_of(user: discord.User | discord.Member) -> tuple[str, ...]:
    return tuple(str(role.id) for role in user.roles) if isinstance(user, discord.Member) else ()


def parent_of(channel: object) -> str:
    return str(channel.parent_id) if isinstance(channel, discord.Thread) else ""


def fields(asked: Asked) -> dict[str, str]:
    """A form's texts, by the ids of their fields."""
    data: Any = asked.data or {}
    inner = [part.get("component", part) for part in data.get("components", ())]
    inner += [part for row in data.get("components", ()) for part in row.get("components", ())]
    return {part["custom_id"]: part.get("value", "") for part in inner if "custom_id" in part}
