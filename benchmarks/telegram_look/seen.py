"""What there is to see in a chat at one moment: messages change later on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.doubles.telegram import Button, FakeTelegram, File, Inline, Message, Press, User
from tests.doubles.telegram.texts import Text

BOT = "Mynah"
PREVIEW = 80  # characters of what is answered
Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True)
class Reply:
    """To what it answers."""

    who: str
    words: str
    photo: bytes = b""


@dataclass(frozen=True)
class Seen:
    """A message. `own`: of who looks; `draft`: it is on its way."""

    who: str
    own: bool
    body: Text
    rows: Rows = ()
    reply: Reply | None = None
    photo: bytes = b""
    file: File | None = None
    via: str = ""
    draft: bool = False


@dataclass(frozen=True)
class Note:
    """kind: "ours" (of the picture, not of the chat), "service", or "alert" (of who pressed a button)."""

    words: str
    kind: str = "ours"


Items = list[Seen | Note]


@dataclass(frozen=True)
class Foot:
    """Where one writes; with the results of what is written, or with what will be answered."""

    words: str = ""
    placeholder: str = "Message"
    results: Inline | None = None
    reply: Reply | None = None


@dataclass(frozen=True)
class Screen:
    title: str
    about: str
    items: Sequence[Seen | Note]
    group: bool = False
    foot: Foot = field(default_factory=Foot)


def seen(message: Message, viewer: User) -> Seen:
    who = BOT if message.by_bot else name_of(message)
    return Seen(
        who,
        message.sender is viewer,
        message.body,
        message.rows,
        reply_to(message.reply_to) if message.reply_to else None,
        message.photo.data if message.photo else b"",
        message.document,
        BOT.lower() + "_bot" if message.via_bot else "",
    )


def all_seen(messages: Iterable[Message], viewer: User) -> Items:
    return [seen(one, viewer) for one in messages]


def name_of(message: Message) -> str:
    return BOT if message.by_bot else message.sender.first_name if message.sender else message.chat.title


def reply_to(message: Message) -> Reply:
    words = message.plain or (message.document.name if message.document else "Photo")
    return Reply(name_of(message), " ".join(words.split())[:PREVIEW], message.photo.data if message.photo else b"")


def draft(fake: FakeTelegram) -> Seen:
    """The last one."""
    params = fake.calls("sendMessageDraft")[-1].params
    return Seen(BOT, False, Text(params.get("text", ""), params.get("entities") or []), draft=True)


def alert(press: Press) -> Note:
    return Note(press.text or "", "alert")
