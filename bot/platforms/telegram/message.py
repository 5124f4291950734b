"""A message before it is sent: what it says, its buttons, its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telegram import ForceReply, InlineKeyboardButton, InlineKeyboardMarkup

from bot.pictures.painter import Picture
from bot.platforms.ids import reference
from bot.platforms.telegram.rich import Rich

GENERAL = 1
PLACEHOLDER_LIMIT = 64

Row = tuple[InlineKeyboardButton, ...]


@dataclass(frozen=True)
class Message:
    """`ask`: the placeholder of a field that opens for the person's reply; such a message has no buttons.

    `bare`: the same where pictures aren't allowed.
    """

    body: Rich
    rows: tuple[Row, ...] = ()
    pictures: tuple[Picture, ...] = ()
    ask: str | None = None
    bare: Message | None = None

    @property
    def markup(self) -> InlineKeyboardMarkup | ForceReply | None:
        if self.ask is not None:
            return ForceReply(selective=True, input_field_placeholder=self.ask[:PLACEHOLDER_LIMIT])
        return self.keyboard

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        return InlineKeyboardMarkup(self.rows) if self.rows else None


@dataclass(frozen=True)
class Place:
    """Where messages go: a chat, and one of its topics if it has any: the general one is GENERAL."""

    chat: int
    topic: int | None = None

    @property
    def thread(self) -> int | None:
        """As Telegram wants to have it: the general topic isn't named."""
        return None if self.topic == GENERAL else self.topic

    @property
    def private(self) -> bool:
        return self.chat > 0

    @property
    def key(self) -> str:
        """For bot.domain.Caller.channel and the like."""
        return f"{self.chat}:{self.topic}" if self.topic else str(self.chat)


def place_at(key: str) -> Place:
    """What `Place.key` gave."""
    chat, _, topic = key.partition(":")
    return Place(int(chat), int(topic) if topic else None)


@dataclass(frozen=True)
class Sent:
    """A message of ours that is there."""

    chat: int
    id: int

    @property
    def key(self) -> str:
        return f"{self.chat}/{self.id}"


def sent_at(key: str) -> Sent:
    """What `Sent.key` gave."""
    chat, _, number = key.partition("/")
    return Sent(int(chat), int(number))


def button(action: str, label: str, *about: object) -> InlineKeyboardButton:
    """`about`: what the action needs to know; a persona by its reference."""
    return InlineKeyboardButton(label, callback_data=":".join([action, *map(str, about)]))


def persona_button(action: str, label: str, persona: str, *about: object) -> InlineKeyboardButton:
    return button(action, label, reference(persona), *about)


def rows_of(buttons: Sequence[InlineKeyboardButton], width: int) -> tuple[Row, ...]:
    return tuple(tuple(buttons[n : n + width]) for n in range(0, len(buttons), width))
