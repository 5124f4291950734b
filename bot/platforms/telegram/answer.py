"""What is shown for one message, or one press of a button, from the first sign of life to the whole answer."""

from __future__ import annotations

from dataclasses import dataclass

from bot.platforms.telegram.look import Look
from bot.platforms.telegram.message import Message, Place, Sent
from bot.platforms.telegram.outbox import Outbox
from bot.platforms.telegram.rich import Rich
from bot.ports import Inbox

ALERT_LIMIT = 200  # characters of what is shown to who pressed a button
DRAFT = 2**31 - 1


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

    async def think(self) -> None:
        """Show that it takes a moment."""
        await self.acknowledge()
        if self.place.private and not self.in_place:
            await self.outbox.draft(self.place, self._draft, Rich())
        elif not self.in_place:
            await self.outbox.typing(self.place)

    async def acknowledge(self, text: str = "") -> None:
        if self.press is not None:
            press, self.press = self.press, None
            await self.outbox.answer_press(press, text)

    async def grow(self, message: Message) -> None:
        """As much as there is of the answer: left out where Telegram wouldn't like it."""
        if self.place.private:
            await self.outbox.draft(self.place, self._draft, message.body)
        elif self.outbox.roomy(self.place.chat):
            await self.outbox.seen_through(self._put(message))

    async def show(self, message: Message) -> None:
        """The whole answer. Once it is there, the message that asked for it has been dealt with."""

        async def put() -> None:
            await self._put(message)
            await self.inbox.done(self.number)

        await self.outbox.seen_through(put())
        await self.acknowledge()

    async def tell(self, text: str) -> None:
        """What went wrong: where a button was pressed, to that person alone."""
        told = self.look.told(text)
        if self.press is not None and len(told) <= ALERT_LIMIT:
            await self.acknowledge(told)
        else:
            self.in_place = False
            await self.show(self.look.notice(text))

    async def _put(self, message: Message) -> None:
        target = self.pressed if self.in_place else self.shown
        if target is not None and await self.outbox.edit(target, message):
            return
        self.shown = await self.outbox.send(self.place, message, self.reply_to)
        await self.inbox.note(self.number, self.shown.key)

    @property
    def _draft(self) -> int:
        return self.number % DRAFT + 1
