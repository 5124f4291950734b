"""One interaction's answer, whatever becomes of the interaction.

    NEW ──show──▶ SHOWN            it came soon: said at once
    NEW ──think─▶ THINKING ──show──▶ SHOWN, and again: edited in place
    NEW ──(Discord has given it up, or somebody else has taken it)──▶ LOST ──show──▶ a message in the channel

Every step may be done twice without being seen twice: acknowledging is refused the second time, editing says the same,
and a message carries a nonce.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

import discord

from bot.platforms.discord.message import Message
from bot.platforms.discord.people import Asked
from bot.platforms.discord.steady import ALREADY_ANSWERED, NETWORK, TOO_LATE, steadily

logger = logging.getLogger(__name__)


class State(Enum):
    NEW = auto()
    THINKING = auto()
    SHOWN = auto()
    LOST = auto()


@dataclass(eq=False)
class Answer:
    """`private`: only the person who asked sees it. `in_place`: it changes the message whose button was pressed."""

    asked: Asked
    private: bool = False
    in_place: bool = False
    state: State = State.NEW
    _message: discord.Message | None = None  # where the interaction was lost
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def think(self) -> None:
        """Show that it takes a moment; nothing when something was shown already."""
        async with self._lock:
            if self.state is State.NEW:
                hidden, new = self.private, not self.in_place
                await self._first(lambda: self.asked.response.defer(ephemeral=hidden, thinking=new), State.THINKING)

    async def tell(self, message: Message) -> None:
        """What went wrong: to the person alone, where nothing has been shown to others yet."""
        if self.in_place and self.state is not State.NEW:
            await self.asked.followup.send(**message.parts(), ephemeral=True)
            return
        if self.state is State.NEW:
            self.private, self.in_place = True, False
        await self.show(message)

    async def show(self, message: Message) -> None:
        """The answer, or as much of it as there is; replaces what was shown."""
        async with self._lock:
            if self.state is State.NEW:
                hidden, response = self.private, self.asked.response
                if self.in_place:
                    await self._first(lambda: response.edit_message(**message.edits()), State.SHOWN)
                else:
                    await self._first(lambda: response.send_message(**message.parts(), ephemeral=hidden), State.SHOWN)
            elif self.state is not State.LOST:
                await steadily(lambda: self.asked.edit_original_response(**message.edits()))
                self.state = State.SHOWN
            if self.state is State.LOST:
                await self._show_in_channel(message)

    async def withdraw(self) -> None:
        """The answer was given in another way: take back the "thinking", or acknowledge it without a word."""
        await self.think()
        async with self._lock:
            if self.state in {State.THINKING, State.SHOWN}:
                await steadily(self.asked.delete_original_response)

    async def ask(self, modal: discord.ui.Modal) -> None:
        """Open a form. Only as the first answer."""
        modal.stop()  # not remembered by the library: the client knows it by its id, also after a restart
        async with self._lock:
            await self._first(lambda: self.asked.response.send_modal(modal), State.SHOWN)

    async def _first(self, respond: Any, then: State) -> None:
        try:
            await steadily(respond)
            self.state = then
        except discord.InteractionResponded:
            self.state = then
        except discord.HTTPException as error:
            if error.code == ALREADY_ANSWERED:  # by ourselves: the reply to the first try was lost
                self.state = then
            elif error.code == TOO_LATE:
                logger.warning("interaction %d came too late; answering in its channel", self.asked.id)
                self.state = State.LOST
            else:
                raise

    async def _show_in_channel(self, message: Message) -> None:
        if self.private:
            return  # it was for one person's eyes; they see that it failed and ask again
        if self._message is not None:
            edited = self._message
            await steadily(lambda: edited.edit(**message.edits()))
            return
        channel = self.asked.channel
        if isinstance(channel, discord.abc.Messageable):
            place = channel
            self._message = await steadily(lambda: place.send(**message.parts(), nonce=str(self.asked.id)))


@dataclass(eq=False)
class Reply:
    """The answer to a message that mentions the bot: a reply to it, edited as it grows."""

    message: discord.Message
    _sent: discord.Message | None = None

    async def show(self, message: Message) -> None:
        if self._sent is None:
            nonce = str(self.message.id)
            self._sent = await steadily(
                lambda: self.message.reply(**message.parts(), mention_author=False, nonce=nonce)
            )
        else:
            sent = self._sent
            await steadily(lambda: sent.edit(**message.edits()))

    async def tell(self, message: Message) -> None:
        """What went wrong."""
        await self.show(message)

    async def think(self) -> None:
        """Typing …"""
        with suppress(discord.HTTPException, *NETWORK):
            await self.message.channel.typing()

    async def withdraw(self) -> None:
        """Nothing was shown."""
