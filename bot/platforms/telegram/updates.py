"""What Telegram hands over → who asked for what, and its handler."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import telegram
from telegram import ChatMember, Update

from bot.commands import COMMANDS
from bot.platforms.telegram.actions import act
from bot.platforms.telegram.answer import Answer
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.inline import Inline
from bot.platforms.telegram.look_lists import shown
from bot.platforms.telegram.message import Place, Sent
from bot.platforms.telegram.people import person, place_of, space_of, writer_of
from bot.platforms.telegram.words import handler_of
from bot.replies import Help
from bot.usecases.gate import utc_now

WANTED = ["message", "channel_post", "callback_query", "inline_query", "my_chat_member"]  # edits are not
OUT = {ChatMember.LEFT, ChatMember.BANNED}
logger = logging.getLogger(__name__)


@dataclass
class Updates:
    desk: Desk
    inline: Inline

    def concerns(self, update: Update) -> bool:
        """Whether it has to be answered, even if not by this process. Inline queries are worth nothing later."""
        message = update.message or update.channel_post
        if message is not None:
            return bool(message.migrate_to_chat_id) or handler_of(self.desk, message) is not None
        return update.inline_query is None

    async def take(self, update: Update, before: Sent | None = None) -> None:
        """`before`: what the process before this one has shown for it. Raises CancelledError only, if all is well."""
        if update.inline_query is not None:
            await self.inline.answer(update.inline_query)
        elif update.callback_query is not None:
            await self._press(update.update_id, update.callback_query, before)
        elif (message := update.message or update.channel_post) is not None:
            await self._message(update.update_id, message, before)
        elif update.my_chat_member is not None:
            await self._membership(update.update_id, update.my_chat_member)

    async def _message(self, number: int, message: telegram.Message, before: Sent | None) -> None:
        self.desk.outbox.heard(message.chat.id, message.message_id)
        if message.migrate_to_chat_id is not None:
            await self.move(message.chat.id, message.migrate_to_chat_id)
        if not self._is_new(message) or (found := handler_of(self.desk, message)) is None:
            return
        handler, words = found
        caller = await writer_of(message, self.desk.admins)
        answer = self._answer(number, caller.locale, place_of(message), before)
        answer.reply_to = None if answer.place.private else message.message_id
        asked = Asked(caller, answer, words, message)
        await self.desk.see_through(answer, handler(self.desk, asked))

    def _is_new(self, message: telegram.Message) -> bool:
        """Not one of ours that came here by an inline query, nor a channel's that Telegram copied into its group."""
        return message.via_bot != self.desk.me and not message.is_automatic_forward

    async def _press(self, number: int, query: telegram.CallbackQuery, before: Sent | None) -> None:
        message = query.message
        if not isinstance(message, telegram.Message):
            answer = self._answer(number, query.from_user.language_code or "en", Place(query.from_user.id), None)
            answer.press = query.id
            await answer.acknowledge(answer.look.say("That message is too old for me to read. Please use a command."))
            return
        self.desk.outbox.heard(message.chat.id, message.message_id)
        caller = await person(query.from_user, place_of(message), self.desk.admins)
        answer = self._answer(number, caller.locale, place_of(message), before)
        answer.press, answer.pressed = query.id, Sent(message.chat.id, message.message_id)
        answer.reply_to = None if answer.place.private else message.message_id
        await self.desk.see_through(answer, act(self.desk, Asked(caller, answer, query.data or "", message)))

    def _answer(self, number: int, locale: str, place: Place, before: Sent | None) -> Answer:
        look = self.desk.look(locale)
        return Answer(self.desk.outbox, self.desk.services.inbox, look, place, number, shown=before)

    async def _membership(self, number: int, change: telegram.ChatMemberUpdated) -> None:
        """Somebody has put us into a group, or out of it."""
        chat, new = change.chat, change.new_chat_member.status
        logger.info("%s %d: %s", chat.type, chat.id, new)
        self.desk.admins.forget(chat.id)
        joined = change.old_chat_member.status in OUT and new not in OUT
        if not joined or chat.type not in {telegram.Chat.GROUP, telegram.Chat.SUPERGROUP}:
            return
        caller = await person(change.from_user, Place(chat.id), self.desk.admins)
        answer = self._answer(number, caller.locale, Place(chat.id), None)
        known = Help(tuple((command.usage, command.summary) for command in COMMANDS.values()))
        await self.desk.see_through(answer, answer.show(shown(answer.look, known, caller, utc_now())))

    async def move(self, old: int, new: int) -> None:
        """A group has become a supergroup: the same one, with another number."""
        logger.info("group %d is now %d", old, new)
        self.desk.admins.forget(old)
        await self.desk.services.chats.move(space_of(old), space_of(new), str(old), str(new))
