"""Messages, as a person sees them and as the API says them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.files import File
from tests.doubles.telegram.texts import Text, as_html, spans
from tests.doubles.telegram.told import Told
from tests.doubles.telegram.users import User

if TYPE_CHECKING:
    from tests.doubles.telegram.chats import Chat, Topic

Json = dict[str, Any]


@dataclass(frozen=True)
class Button:
    text: str
    data: str | None = None
    url: str | None = None
    switch: str | None = None  # the inline query that it begins in a chat that is chosen
    switch_here: str | None = None
    copies: str | None = None
    raw: Json = field(default_factory=dict)


def _button(raw: Json) -> Button:
    return Button(
        raw["text"],
        raw.get("callback_data"),
        raw.get("url"),
        raw.get("switch_inline_query", (raw.get("switch_inline_query_chosen_chat") or {}).get("query")),
        raw.get("switch_inline_query_current_chat"),
        (raw.get("copy_text") or {}).get("text"),
        raw,
    )


@dataclass(eq=False, repr=False, kw_only=True)
class Message(Told):
    id: int
    chat: Chat
    sender: User | None = None  # nobody in channels
    sender_chat: Chat | None = None  # as which an anonymous admin or a channel speaks
    date: int
    body: Text = field(default_factory=Text)  # its text or caption
    document: File | None = None
    photo: File | None = None
    reply_markup: Json | None = None
    reply_to: Message | None = None
    topic: Topic | None = None
    thread_id: int | None = None  # as the API tells it: of a topic, or of a chain of replies
    via_bot: User | None = None
    inline_message_id: str | None = None
    media_group_id: str | None = None
    service: Json | None = None
    silent: bool = False
    protected: bool = False
    link_preview: Json | None = None
    edit_date: int | None = None
    edits: list[str] = field(default_factory=list)  # what it said before
    reactions: list[str] = field(default_factory=list)  # the bot's
    deleted: bool = False

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.show()}>"

    @property
    def has_media(self) -> bool:
        return self.document is not None or self.photo is not None

    @property
    def text(self) -> str:
        return "" if self.has_media else self.body.plain

    @property
    def caption(self) -> str:
        return self.body.plain if self.has_media else ""

    @property
    def plain(self) -> str:
        return self.body.plain

    @property
    def entities(self) -> list[Json]:
        return self.body.entities

    @property
    def html(self) -> str:
        return as_html(self.body)

    def spans(self, kind: str) -> list[str]:
        """What is marked so, such as "bold"."""
        return spans(self.body, kind)

    def bold(self) -> list[str]:
        return self.spans("bold")

    @property
    def by_bot(self) -> bool:
        return self.sender is self.chat.world.bot

    @property
    def rows(self) -> list[list[Button]]:
        return [[_button(raw) for raw in row] for row in (self.reply_markup or {}).get("inline_keyboard", [])]

    @property
    def buttons(self) -> list[Button]:
        return [button for row in self.rows for button in row]

    @property
    def force_reply(self) -> bool:
        return bool((self.reply_markup or {}).get("force_reply"))

    @property
    def placeholder(self) -> str | None:
        """What a forced reply shows in the empty field."""
        return (self.reply_markup or {}).get("input_field_placeholder")

    @property
    def link_preview_disabled(self) -> bool:
        return bool((self.link_preview or {}).get("is_disabled"))

    def show(self) -> str:
        """What an assertion that fails says of it."""
        who = self.sender.username if self.sender else "channel"
        files = [file.name for file in (self.document, self.photo) if file]
        parts = [f"{who}: {self.service or self.plain!r}"]
        parts += [f"buttons {[button.text for button in self.buttons]}"] if self.buttons else []
        parts += [f"files {files}"] if files else []
        return "; ".join(parts + (["deleted"] if self.deleted else []))

    def payload(self, nested: bool = True) -> Json:
        """`nested`: with the message that it replies to, which itself comes without such.

        In topics everything is a reply, if to nothing else then to the message with which the topic began.
        """
        replied = self.reply_to or (self.topic.begun if self.topic and self.service is None else None)
        whole: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.payload()}
        whole |= {"from": self.sender.payload()} if self.sender and self.chat.kind != "channel" else {}
        whole |= {"sender_chat": self.sender_chat.payload()} if self.sender_chat else {}
        whole |= (self.service or {}) | self._content() | self._place()
        if nested and replied is not None and not replied.deleted:
            whole["reply_to_message"] = replied.payload(nested=False)
        whole |= {"via_bot": self.via_bot.payload()} if self.via_bot else {}
        whole |= {"edit_date": self.edit_date} if self.edit_date else {}
        return whole | ({"reply_markup": self.reply_markup} if self.buttons else {})

    def _content(self) -> Json:
        whole: Json = {"document": self.document.as_document()} if self.document else {}
        whole |= {"photo": self.photo.as_photo()} if self.photo else {}
        names = ("caption", "caption_entities") if self.has_media else ("text", "entities")
        whole |= {names[0]: self.body.plain} if self.body.plain else {}
        whole |= {names[1]: self.body.entities} if self.body.entities else {}
        return whole | ({"link_preview_options": self.link_preview} if self.link_preview else {})

    def _place(self) -> Json:
        whole: Json = {} if self.thread_id is None else {"message_thread_id": self.thread_id}
        whole |= {"is_topic_message": True} if self.topic is not None else {}
        whole |= {"media_group_id": self.media_group_id} if self.media_group_id else {}
        return whole | ({"has_protected_content": True} if self.protected else {})
