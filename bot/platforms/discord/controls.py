"""Buttons and rows. Their ids say what they do (`ids`), so they work for as long as their message is there."""

from __future__ import annotations

from typing import Any

import discord

from bot.platforms.ids import custom_id

LABEL = 80  # characters of a button's label at most

Row = discord.ui.ActionRow[Any]


def button(
    action: str,
    label: str,
    emoji: str,
    *about: object,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
) -> discord.ui.Button[Any]:
    return discord.ui.Button(label=label[:LABEL], emoji=emoji, style=style, custom_id=custom_id(action, *about))


def buttons_below(*buttons: discord.ui.Button[Any]) -> discord.ui.View:
    """For a message with content."""
    view = discord.ui.View(timeout=None)
    for one in buttons:
        view.add_item(one)
    return view


def button_row(*buttons: discord.ui.Button[Any]) -> Row:
    """For a layout."""
    return discord.ui.ActionRow(*buttons)
