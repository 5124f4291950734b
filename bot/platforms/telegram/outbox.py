"""All that we say to Telegram: in order in each chat, once, and for as long as it takes.

Where Telegram wants us to wait, or can't be reached, the call waits and is made again. One that may have arrived
although its answer didn't isn't made twice: a message is looked for before it is sent again (`_find`), and all other
calls say the same when they are repeated.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

import telegram
from telegram import Bot, InlineQueryResult, InlineQueryResultsButton, LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, InvalidToken, RetryAfter, TelegramError

from bot.platforms.telegram import media
from bot.platforms.telegram.message import Message, Place, Sent
from bot.platforms.telegram.refusals import (
    is_same,
    may_have_arrived,
    no_message,
    seconds_to_wait,
)
from bot.platforms.telegram.rich import Rich
from bot.platforms.telegram.steady import Steady

SHORT = 10.0  # seconds for which is tried what is worth nothing later
PROBES = 8  # numbers after the last one known, at which a message may be that perhaps arrived
MOST_PROBES = 40  # where many others write meanwhile
SUPERGROUPS = -1_000_000_000_000  # their numbers, and channels', are below
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class Outbox:
    """`moved` is told when a group has become a supergroup, which has another number. `channels`: those we know of."""

    bot: Bot
    moved: Callable[[int, int], Awaitable[None]]
    drafts: bool = True  # whether this Bot API server knows them
    steady: Steady = field(default_factory=Steady)
    channels: set[int] = field(default_factory=set)
    _shared: int = 0

    async def send(self, place: Place, message: Message, reply_to: int | None = None) -> Sent:
        """Once, and to its end even when whoever waits for it is cancelled; bare where pictures are refused.

        Raises TelegramError.
        """
        try:
            return await self.steady.seen_through(self._send(place, message, reply_to))
        except ChatMigrated as error:
            await self.moved(place.chat, error.new_chat_id)
            return await self.steady.seen_through(self._send(Place(error.new_chat_id), message, None))
        except BadRequest as error:
            if message.bare is None:
                raise
            logger.info("Telegram doesn't take a picture for %s: %s", place.key, error)
            return await self.send(place, message.bare, reply_to)

    async def _send(self, place: Place, message: Message, reply_to: int | None) -> Sent:
        lane = self.steady.lanes.of(place.chat)
        unsure: int | None = None  # the highest number that was known when a try was made that may have arrived

        async def once() -> Sent:
            nonlocal unsure
            if unsure and (found := await self._find(place.chat, unsure, message)):
                return found
            unsure, before = None, self._latest(place.chat)
            try:
                sent = await self._post(place, message, reply_to)
            except TelegramError as error:
                unsure = before if may_have_arrived(error) and place.chat not in self.channels else None
                raise
            if sent.chat.type == telegram.Chat.CHANNEL:
                self.channels.add(place.chat)
            self.heard(place.chat, sent.message_id)
            return Sent(place.chat, sent.message_id)

        async with lane.lock:
            return await self.steady.repeat(once, lane)

    async def _post(self, place: Place, message: Message, reply_to: int | None) -> telegram.Message:
        reply = ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None
        if message.pictures:
            return await media.post(self.bot, place, message, reply)
        return await self.bot.send_message(
            place.chat,
            message.body.text,
            entities=message.body.entities,
            reply_markup=message.markup,
            message_thread_id=place.thread,
            link_preview_options=NO_PREVIEW,
            reply_parameters=reply,
        )

    async def _find(self, chat: int, before: int, message: Message) -> Sent | None:
        """A message that perhaps arrived: the one that needs no change to be as we want it.

        Only among those that are newer than all that were known when it was sent: none of ours is there but this one.
        Where nothing was known it isn't looked for, nor in channels, where we may be able to change what others wrote.
        """
        for number in range(before + 1, max(before, min(self._latest(chat), before + MOST_PROBES)) + PROBES + 1):
            if await self._is_there(Sent(chat, number), message):
                logger.info("a message had arrived although Telegram's answer was lost")
                self.heard(chat, number)
                return Sent(chat, number)
        return None

    async def _is_there(self, sent: Sent, message: Message) -> bool:
        try:
            await self.steady.repeat(lambda: self._change(sent, message, illustrated=True), None)
        except TelegramError as error:
            if no_message(error):
                return False
            return self._same(error)
        return True

    def heard(self, chat: int, number: int) -> None:
        """A new message's. Private chats and basic groups share their numbers; supergroups have their own."""
        if chat > SUPERGROUPS:
            self._shared = max(self._shared, number)
        else:
            self.steady.lanes.of(chat).highest = max(self.steady.lanes.of(chat).highest, number)

    def _latest(self, chat: int) -> int:
        return self._shared if chat > SUPERGROUPS else self.steady.lanes.of(chat).highest

    async def edit(self, sent: Sent, message: Message, illustrated: bool = False) -> bool:
        """False when it isn't there any more; bare where pictures are refused. Raises TelegramError.

        `illustrated`: it has its picture already.
        """
        lane = self.steady.lanes.of(sent.chat)

        async def change() -> bool:
            async with lane.lock:
                await self.steady.repeat(lambda: self._change(sent, message, illustrated), lane)
            return True

        try:
            return await self.steady.seen_through(change())
        except ChatMigrated as error:
            await self.moved(sent.chat, error.new_chat_id)
        except TelegramError as error:
            if message.bare is not None and isinstance(error, BadRequest) and not is_same(error):
                return await self.edit(sent, message.bare)
            if not no_message(error):
                return self._same(error)
        return False

    def _same(self, error: TelegramError) -> bool:
        if is_same(error):
            return True
        raise error

    async def _change(self, sent: Sent, message: Message, illustrated: bool) -> None:
        if message.pictures:
            await (media.change if illustrated else media.illustrate)(self.bot, sent, message)
            return
        await self.bot.edit_message_text(
            message.body.text,
            sent.chat,
            sent.id,
            entities=message.body.entities,
            reply_markup=message.keyboard,
            link_preview_options=NO_PREVIEW,
        )

    def roomy(self, chat: int) -> bool:
        """Whether something may be sent there that needn't be."""
        return self.steady.lanes.of(chat).idle

    async def draft(self, place: Place, number: int, body: Rich) -> None:
        """In a private chat: what there is of a message that is being written. Nothing depends on it."""
        if not self.drafts:
            await self.typing(place)
            return
        lane = self.steady.lanes.of(place.chat)
        if not lane.idle or not self.steady.lanes.everybody.has_capacity():
            return
        await self.steady.lanes.everybody.acquire()
        try:
            await self.bot.send_message_draft(
                place.chat, number, body.text, entities=body.entities, message_thread_id=place.thread
            )
        except RetryAfter as error:
            lane.wait(seconds_to_wait(error))
        except (InvalidToken, BadRequest) as error:  # the library makes InvalidToken of 404: a server without drafts
            self.drafts = isinstance(error, BadRequest)
            await self.typing(place)
        except TelegramError as error:
            logger.debug("left out: %s", error)

    async def typing(self, place: Place) -> None:
        try:
            await self.bot.send_chat_action(place.chat, "typing", message_thread_id=place.thread)
        except TelegramError as error:
            logger.debug("left out: %s", error)

    async def answer_press(self, press: str, text: str = "", alert: bool = True) -> bool:
        """Stop a button's clock; with a text, show it to who pressed it, as an alert or in passing.

        False when that can't be done any more.
        """
        try:
            await self.ask(lambda: self.bot.answer_callback_query(press, text or None, show_alert=bool(text) and alert))
        except TelegramError as error:
            logger.info("a button's press could not be answered: %s", error)
            return False
        return True

    async def answer_inline(
        self,
        query: str,
        results: list[InlineQueryResult],
        seconds: int,
        next_offset: str = "",
        button: InlineQueryResultsButton | None = None,
    ) -> None:
        """Telegram gives the same answer to the same person for so many seconds. Raises TelegramError."""
        await self.ask(
            lambda: self.bot.answer_inline_query(
                query, results, cache_time=seconds, is_personal=True, next_offset=next_offset, button=button
            )
        )

    async def ask(self, call: Callable[[], Awaitable[T]]) -> T:
        """For what Telegram knows. Raises TelegramError."""
        return await self.steady.repeat(call, None, SHORT)
