"""What is shown for one message, or one press of a button, from the first sign of life to the whole answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.errors import OperatorError
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message, Place, Sent
from bot.platforms.telegram.outbox import Outbox
from bot.platforms.telegram.rich import Rich
from bot.ports import Inbox

ALERT_LIMIT = 200  # characters of what is shown to who pressed a button
DRAFT = 2**31 - 1
logger = logging.getLogger(__name__)


@dataclass(eq=False)
class Answer:
    """`number`: the update's. `press`: the button's query, if it was one, on the message `pressed`.

    `in_place`: it changes that message. `shown`: where the answer is, perhaps since the process before this one.
    """

    outbox: Outbox
    inbox: Inbox
    look: Look
    place: Place
    number: int
    reply_to: int | None = None
    press: str | None = None
    pressed: Sent | None = None
    in_place: bool = False
    shown: Sent | None = None
    whole: bool = False
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def think(self) -> None:
        """Show that it takes a moment."""
        await self.acknowledge()
        if self.place.private and not self.in_place:
            await self._draft(Rich())
        elif not self.in_place:
            await self.outbox.typing(self.place)

    async def acknowledge(self, text: str = "", alert: bool = True) -> bool:
        """Of a press; False when there is none to be answered any more."""
        if self.press is None:
            return False
        press, self.press = self.press, None
        return await self.outbox.answer_press(press, text, alert)

    async def grow(self, message: Message) -> None:
        """As much as there is of the answer: left out where Telegram wouldn't like it."""
        if self.place.private:
            await self._draft(message.body)
        elif self.outbox.roomy(self.place.chat):
            await self.outbox.steady.seen_through(self._put(message, whole=False))

    async def show(self, message: Message, *others: Message) -> None:
        """The whole answer. Once it is there, the message that asked for it has been dealt with."""
        await self.outbox.steady.seen_through(self._put_all(message, others))
        await self.acknowledge()

    async def _put_all(self, message: Message, others: Sequence[Message]) -> None:
        await self._put(message, whole=not others)
        for n, other in enumerate(others, 1):
            self.in_place, self.shown = False, None
            await self._put(other, whole=n == len(others))

    async def tell(self, text: str) -> None:
        """What went wrong: where a button was pressed, to that person alone."""
        told = self.look.told(text)
        if len(told) > ALERT_LIMIT or not await self.acknowledge(told):
            self.in_place = False
            await self.show(self.look.notice(text))

    async def _draft(self, body: Rich) -> None:
        """Never after the whole answer, beside which it would stay for a while."""
        async with self._lock:
            if not self.whole:
                await self.outbox.draft(self.place, self.number % DRAFT + 1, body)

    async def _put(self, message: Message, whole: bool) -> None:
        """In the place of what was shown before, if that isn't whole."""
        async with self._lock:
            target = None if self.whole else self.pressed if self.in_place else self.shown
            if target is None or not await self.outbox.edit(target, message):
                self.shown = await self.outbox.send(self.place, message, self.reply_to)
            self.whole = self.whole or whole
            await self._remember(whole)

    async def _remember(self, whole: bool) -> None:
        """For the next process, should this one end now."""
        try:
            if whole:
                await self.inbox.done(self.number)
            elif self.shown is not None:
                await self.inbox.note(self.number, self.shown.key)
        except OperatorError as error:  # the answer is there all the same
            logger.error("%s", error)
