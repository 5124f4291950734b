"""The commands that Telegram offers while people type: per kind of chat and language, told when they have changed."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence

import telegram
from telegram import (
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
)

from bot.commands import COMMANDS
from bot.ports import Chats
from bot.texts import LANGUAGES, Text, translate

TOLD = "telegram commands"  # the note that keeps what Telegram was told
SETTINGS = Text("what I may do in this group")
GROUPS = ("say", "train", "personas", "card", "jobs", "optout", "privacy", "help")
PRIVATE = (*GROUPS[:5], "forget", *GROUPS[5:])
ADMINS = (*PRIVATE, "settings")
SCOPES: tuple[tuple[BotCommandScope, Sequence[str]], ...] = (
    (BotCommandScopeAllPrivateChats(), PRIVATE),
    (BotCommandScopeAllGroupChats(), GROUPS),
    (BotCommandScopeAllChatAdministrators(), ADMINS),
)
logger = logging.getLogger(__name__)


def menu(names: Sequence[str], tongue: str) -> list[BotCommand]:
    """Pure."""
    told = {name: Text(COMMANDS[name].summary) if name in COMMANDS else SETTINGS for name in names}
    return [BotCommand(name, translate(text, tongue)) for name, text in told.items()]


async def tell_commands(bot: telegram.Bot, chats: Chats) -> None:
    """Raises TelegramError."""
    told = [
        (scope, "" if tongue == "en" else tongue, menu(names, tongue))
        for scope, names in SCOPES
        for tongue in LANGUAGES
    ]
    plain = [bot.id, *((scope.type, tongue, [one.to_dict() for one in listed]) for scope, tongue, listed in told)]
    digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()
    if await chats.note(TOLD) == digest:
        return
    for scope, tongue, listed in told:
        await bot.set_my_commands(listed, scope, tongue)
    await chats.set_note(TOLD, digest)
    logger.info("told Telegram the commands")
