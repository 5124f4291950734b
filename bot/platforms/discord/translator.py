"""Names and descriptions of commands and options in the languages that Discord's users have."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import TranslationContextTypes, locale_str

from bot.texts import catalogue, language


def name(text: str) -> locale_str:
    """A command's name: looked up as `/say`."""
    return locale_str(text, key=f"/{text}")


def option(text: str) -> locale_str:
    """An option's name: looked up as `:persona`."""
    return locale_str(text, key=f":{text}")


class Translator(app_commands.Translator):
    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        key = string.extras.get("key", string.message)
        known = catalogue(language(locale.value)).get(key)
        return known.lstrip("/:") if known is not None and key != string.message else known
