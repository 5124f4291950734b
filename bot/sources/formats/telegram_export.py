"""Telegram Desktop's export as JSON, `result.json`: one chat, or all of an account's.

    {"name": "…", "type": "personal_chat", "id": 5, "messages": [{"id": 1, "type": "message", "from": "Ann",
     "from_id": "user1", "date_unixtime": "1700000000", "text": "…" or ["…", {"type": "bold", "text": "…"}]}, …]}

    {"personal_information": {"user_id": 1, …}, "chats": {"list": [{as above}, …]}, "left_chats": {…}}

A chat is of two people or more, and only the messages of the one who gives it are used. A whole export says who that
is; of a single chat the person has to say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bot.errors import BadInput
from bot.sources.formats.json_list import JsonText
from bot.sources.formats.json_walk import check_end, elements, keys
from bot.sources.formats.paths import printable
from bot.sources.formats.reading import Meter, Metered
from bot.sources.formats.senders import Senders, names
from bot.sources.posts import Broken, kind, make_post
from bot.texts import Text
from trainer.corpus import Post

MESSAGES = "messages"
ACCOUNT = "personal_information"
CHATS = ("chats", "left_chats")


def export_posts(file: IO[bytes], name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    """One sender's messages. `part` is their name or id. Raises BadInput, also when it can't be told who is meant."""
    text = JsonText(Metered(file, meter).read, name)
    export = Export(text, name, part)
    for key in keys(text):
        yield from export.posts(key)
    check_end(text)
    if not export.has_chats:
        raise BadInput(
            Text(
                "{name} is not an export of Telegram Desktop: it has neither “messages” nor “chats”. Export the chat "
                "again, as JSON, and give me its result.json.",
                name=name,
            )
        )
    export.check()


class Export:
    """An export that is being read key by key: what it is known to be so far."""

    def __init__(self, text: JsonText, name: str, part: str | None) -> None:
        self.has_chats = False
        self._text = text
        self._name = name
        self._part = part
        self._owner = ""  # the id of whoever made the export, if it says so
        self._chat: object = None  # the id of a single chat
        self._senders = Senders(part)
        self._n_messages = 0

    def posts(self, key: str) -> Iterator[Post]:
        """What a key of the outermost object has, if anything. Raises BadInput."""
        if key == ACCOUNT:
            self._find_owner(self._text.value())
        elif key == "id":
            self._chat = self._text.value()
        elif key == MESSAGES:
            yield from self._messages(self._chat)
        elif key in CHATS:
            yield from self._chats()

    def check(self) -> None:
        """Raise BadInput when all has been read, and it isn't clear whose messages were meant."""
        if not self._owner:
            self._senders.check(self._name)

    def _chats(self) -> Iterator[Post]:
        self.has_chats = True
        for key in keys(self._text):
            if key == "list":
                for _ in elements(self._text):
                    yield from self._listed_chat()

    def _listed_chat(self) -> Iterator[Post]:
        chat: object = None
        for key in keys(self._text):
            if key == "id":
                chat = self._text.value()
            elif key == MESSAGES:
                yield from self._messages(chat)

    def _messages(self, chat: object) -> Iterator[Post]:
        self.has_chats = True
        for message in self._text.inner_items():
            self._n_messages += 1
            try:
                if own := self._own(message):
                    yield _post(own, chat)
            except Broken as error:
                raise BadInput(
                    Text(
                        "{name}, message {number:,}: {wrong}. Take it out, or export the chat again.",
                        name=self._name,
                        number=self._n_messages,
                        wrong=error.text,
                    )
                ) from None

    def _own(self, message: object) -> dict[str, object] | None:
        """A message of the sender that is meant. Raises Broken."""
        if not isinstance(message, dict):
            raise Broken(Text("it is {kind}, not an object", kind=kind(message)))
        if message.get("type") != "message":  # somebody joined, or called
            return None
        sender, name = _sender(message), message.get("from")
        if self._owner:
            is_own = sender == self._owner
        else:
            is_own = bool(sender) and self._senders.is_meant(sender, name if isinstance(name, str) else "")
        return message if is_own else None

    def _find_owner(self, account: object) -> None:
        user = _user_id(account.get("user_id")) if isinstance(account, dict) else ""
        if not isinstance(account, dict) or not user:
            return
        if self.has_chats:
            raise BadInput(
                Text("{name} says only at its end whose it is. Export it again and don't change it.", name=self._name)
            )
        first, last, username = (str(account.get(key) or "") for key in ("first_name", "last_name", "username"))
        called = [f"{first} {last}", first, username.removeprefix("@")]
        if self._part is not None and not names(self._part, user, called):
            raise BadInput(
                Text(
                    "{name} is all of {owner}'s Telegram, so I may only learn from {owner}'s own messages, not from "
                    "those of {part}. Leave the sender out.",
                    name=self._name,
                    owner=printable(f"{first} {last}".strip()[:100]) or user,
                    part=printable(self._part[:100]),
                )
            )
        self._owner = user


def _sender(message: dict[str, object]) -> str:
    """Exports from before 2021 have a bare number for an id; the oldest may have a name alone."""
    sender, name = message.get("from_id"), message.get("from")
    if isinstance(sender, str) and sender:
        return sender.lower()
    return _user_id(sender) or (name if isinstance(name, str) else "")


def _user_id(value: object) -> str:
    """123 → user123, as `from_id` has it; "" for what is no number."""
    text = value if isinstance(value, str) else repr(value) if isinstance(value, int) else ""
    return f"user{text}" if text.isdecimal() else ""


def _post(message: dict[str, object], chat: object) -> Post:
    """What was forwarded, or written by a bot, isn't the sender's own, like a retweet. Raises Broken."""
    borrowed = "forwarded_from" in message or "via_bot" in message
    date, number = message.get("date_unixtime") or message.get("date"), message.get("id")
    post_id = f"{chat}/{number}" if isinstance(chat, int | str) and isinstance(number, int | str) else None
    return make_post(_text(message.get("text", "")), borrowed, date, post_id)


def _text(value: object) -> object:
    """A string, or strings and objects with one: links, code, custom emoji. Anything else comes back as it is."""
    if not isinstance(value, list):
        return value
    pieces = [piece.get("text") if isinstance(piece, dict) else piece for piece in value]
    broken = [piece for piece in pieces if not isinstance(piece, str)]
    return broken[0] if broken else "".join(map(str, pieces))
