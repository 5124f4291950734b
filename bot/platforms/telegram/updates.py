"""What Telegram hands over → who asked for what, and its handler."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import telegram
from telegram import ChatMember, Update

from bot.errors import NotAllowed
from bot.platforms.telegram.actions import act
from bot.platforms.telegram.answer import Answer
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.inbox import Arrival
from bot.platforms.telegram.inline import Inline
from bot.platforms.telegram.look_lists import introduction
from bot.platforms.telegram.message import Place, Sent
from bot.platforms.telegram.people import person, place_of, space_of, writer_of
from bot.platforms.telegram.words import handler_of
from bot.texts import Text

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

    async def take(self, arrival: Arrival) -> None:
        """Raises TelegramError when Telegram was away for long."""
        update = arrival.update
        if update.inline_query is not None:
            await self.inline.answer(update.inline_query)
        elif update.callback_query is not None:
            await self._press(arrival, update.callback_query)
        elif (message := update.message or update.channel_post) is not None:
            await self._message(arrival, message)
        elif update.my_chat_member is not None:
            await self._membership(arrival, update.my_chat_member)

    async def _message(self, arrival: Arrival, message: telegram.Message) -> None:
        self._hear(arrival, message)
        if message.migrate_to_chat_id is not None:
            await self.move(message.chat.id, message.migrate_to_chat_id)
        if not self._is_new(message) or (found := handler_of(self.desk, message)) is None:
            return
        handler, words = found
        answer = self._answer(arrival, message.from_user, place_of(message))
        answer.reply_to = None if answer.place.private else message.message_id

        async def work() -> None:
            caller = await writer_of(message, self.desk.admins)
            await handler(self.desk, Asked(caller, answer, words, message))

        await self._see_through(arrival, answer, work)

    def _hear(self, arrival: Arrival, message: telegram.Message) -> None:
        """What is left from before isn't new: there may be later messages of ours that this process doesn't know."""
        if message.chat.type == telegram.Chat.CHANNEL:
            self.desk.outbox.channels.add(message.chat.id)
        elif not arrival.again:
            self.desk.outbox.heard(message.chat.id, message.message_id)

    def _is_new(self, message: telegram.Message) -> bool:
        """Not one of ours that came here by an inline query, nor a channel's that Telegram copied into its group."""
        return message.via_bot != self.desk.me and not message.is_automatic_forward

    async def _press(self, arrival: Arrival, query: telegram.CallbackQuery) -> None:
        message = query.message
        if not isinstance(message, telegram.Message):
            old = self._answer(arrival, query.from_user, Place(query.from_user.id))
            old.press = query.id
            await old.acknowledge(old.look.say("That message is too old for me to read. Please use a command."))
            return
        answer = self._answer(arrival, query.from_user, place_of(message))
        answer.press, answer.pressed = query.id, Sent(message.chat.id, message.message_id)
        answer.reply_to = None if answer.place.private else message.message_id

        async def work() -> None:
            caller = await person(query.from_user, place_of(message), self.desk.admins)
            if message.chat.type == telegram.Chat.CHANNEL and not caller.admin:
                raise NotAllowed(Text("Only the admins of this channel may do that."))
            await act(self.desk, Asked(caller, answer, query.data or "", message, query.from_user))

        await self._see_through(arrival, answer, work)

    def _answer(self, arrival: Arrival, user: telegram.User | None, place: Place) -> Answer:
        look, desk = self.desk.look(user.language_code or "en" if user else "en"), self.desk
        return Answer(desk.outbox, desk.services.inbox, look, place, arrival.update.update_id, shown=arrival.before)

    async def _see_through(self, arrival: Arrival, answer: Answer, work: Callable[[], Awaitable[None]]) -> None:
        if arrival.hopeless:
            logger.error("update %d is given up: several runs have died over it", arrival.update.update_id)
            await self.desk.see_through(answer, answer.tell(Text("I have failed at that several times, and give up.")))
        else:
            await self.desk.see_through(answer, work())

    async def _membership(self, arrival: Arrival, change: telegram.ChatMemberUpdated) -> None:
        """Somebody has put us into a group, or out of it."""
        chat, new = change.chat, change.new_chat_member.status
        logger.info("%s %d: %s", chat.type, chat.id, new)
        self.desk.admins.forget(chat.id)
        joined = change.old_chat_member.status in OUT and new not in OUT
        if not joined or chat.type not in {telegram.Chat.GROUP, telegram.Chat.SUPERGROUP}:
            return
        answer = self._answer(arrival, change.from_user, Place(chat.id))
        await self.desk.see_through(answer, answer.show(introduction(answer.look)))

    async def move(self, old: int, new: int) -> None:
        """A group has become a supergroup: the same one, with another number."""
        logger.info("group %d is now %d", old, new)
        self.desk.admins.forget(old)
        await self.desk.services.chats.move(space_of(old), space_of(new), str(old), str(new))
