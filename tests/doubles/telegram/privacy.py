"""What a bot is told of, of all that is written where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doubles.telegram.texts import cut

if TYPE_CHECKING:
    from tests.doubles.telegram.messages import Message


def concerns(message: Message, privacy: bool) -> bool:
    chat = message.chat
    if message.by_bot or (chat.migrated_to is not None and message.service is None):
        return False
    if chat.kind == "private":
        return chat.bot_status == "member"
    if chat.bot_status in ("left", "kicked"):
        return False
    if chat.kind == "channel" or chat.bot_status == "administrator" or not privacy:
        return True
    return _meant(message)


def _meant(message: Message) -> bool:
    """In privacy mode: service messages, commands, replies to the bot, and what was sent via it."""
    bot = message.chat.world.bot
    if message.service is not None or message.via_bot is bot:
        return True
    if message.reply_to is not None and message.reply_to.by_bot:
        return True
    first = message.entities[0] if message.entities else None
    if first is None or first["type"] != "bot_command" or first["offset"] != 0:
        return False
    _, _, name = cut(message.plain, 0, first["length"]).partition("@")
    return not name or name.lower() == bot.username.lower()
