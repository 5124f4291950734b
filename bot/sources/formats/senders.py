"""Who wrote in a chat, and which of them a person means by a name or an id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from bot.errors import BadInput
from bot.sources.formats.paths import printable
from bot.texts import Text

MAX_SENDERS = 10_000  # that are counted: a name or id is found among any number

_SHOWN = 8
_MAX_NAME = 150  # characters; Telegram has first and last names of 64 each
_ID = re.compile(r"(?:user|channel)\d+")


@dataclass(slots=True)
class Sender:
    """`name` is "" where the export has none, as for deleted accounts."""

    id: str
    name: str
    n_messages: int = 0


class Senders:
    """All that were met so far. `part` is what the person said, if anything: a name, or an id such as user123."""

    def __init__(self, part: str | None) -> None:
        self._part = part
        self._met: dict[str, Sender] = {}
        self._meant: dict[str, Sender] = {}

    def is_meant(self, sender_id: str, name: str) -> bool:
        """Count a message, and tell whether its sender is the one that is meant."""
        key = sender_id[:_MAX_NAME]
        sender = self._met.get(key) or self._meant.get(key) or self._meet(Sender(key, name[:_MAX_NAME]))
        sender.n_messages += 1
        return key in self._meant

    def _meet(self, sender: Sender) -> Sender:
        if len(self._met) < MAX_SENDERS:
            self._met[sender.id] = sender
        if self._part is not None and len(self._meant) < _SHOWN and names(self._part, sender.id, [sender.name]):
            self._meant[sender.id] = sender
        return sender

    def check(self, name: str) -> None:
        """Raise BadInput unless exactly one sender is meant, or there are none at all. `name` is the file's."""
        if len(self._meant) == 1 or not self._met:
            return
        if len(self._meant) > 1:
            raise BadInput(_several(name, list(self._meant.values())))
        known = sorted(self._met.values(), key=lambda sender: -sender.n_messages)
        raise BadInput(_nobody_said(name, known) if self._part is None else _nobody_such(name, known, self._part))


def names(part: str, sender_id: str, sender_names: Iterable[str]) -> bool:
    """Whether `part` is this sender. What looks like an id is one, whoever has it for a name."""
    said = fold(part.strip().removeprefix("@"))
    if _ID.fullmatch(said):
        return said == sender_id
    return any(said == fold(name) for name in sender_names if name)


def fold(name: str) -> str:
    """Names that look the same are the same."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _nobody_said(name: str, known: list[Sender]) -> Text:
    return Text(
        "In {name} I may only learn from your own messages. Say who you are, of those who wrote there: {senders}. "
        "{how}",
        name=name,
        senders=_list(known),
        how=_how(known[0]),
    )


def _nobody_such(name: str, known: list[Sender], part: str) -> Text:
    return Text(
        "{name} has no messages of {part}. It has messages of: {senders}. {how}",
        name=name,
        part=printable(part[:_MAX_NAME]),
        senders=_list(known),
        how=_how(known[0]),
    )


def _several(name: str, meant: list[Sender]) -> Text:
    ids = "; ".join(f"{printable(sender.id)} ({sender.n_messages:,})" for sender in meant)
    return Text(
        "{name} has several senders called {part}: {senders}. Give the id of yours instead of the name. {how}",
        name=name,
        part=printable(meant[0].name),
        senders=ids,
        how=_how(Sender(meant[0].id, "")),
    )


def _how(example: Sender) -> Text:
    """An id serves as well, and needs no quotation marks."""
    word = example.name if example.name.isalnum() else printable(example.id)
    return Text(
        'That is --sender "{sender}" in a terminal, on Discord the option “sender”, on Telegram /train @name --sender '
        "{sender} as the caption.",
        sender=word,
    )


def _list(known: list[Sender]) -> str:
    """With their numbers of messages, and with ids where the names don't tell them apart."""
    folded = [fold(sender.name) for sender in known]
    shown = [
        f"{_label(sender, folded.count(name) > 1)} ({sender.n_messages:,})"
        for sender, name in zip(known[:_SHOWN], folded, strict=False)
    ]
    return "; ".join(shown) + ("; …" if len(known) > _SHOWN else "")


def _label(sender: Sender, needs_id: bool) -> str:
    if not sender.name:
        return printable(sender.id)
    return printable(f"{sender.name}, {sender.id}" if needs_id else sender.name)
