"""All that the fake knows: people, places, what the bot did there, and what it was told."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from tests.doubles.changes import Changes, Clock
from tests.doubles.telegram.asked import Cache, Inline, Press
from tests.doubles.telegram.chats import Chat, Topic
from tests.doubles.telegram.faults import Faults
from tests.doubles.telegram.files import Files
from tests.doubles.telegram.limits import Limits
from tests.doubles.telegram.members import changed, status_of
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.privacy import concerns
from tests.doubles.telegram.refused import forbidden, migrated, unlucky, wrong
from tests.doubles.telegram.texts import Text
from tests.doubles.telegram.updates import Updates
from tests.doubles.telegram.users import User
from tests.doubles.telegram.webhook import Webhook

if TYPE_CHECKING:
    from tests.doubles.telegram.api import Request

Json = dict[str, Any]
KIND = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat"}


class World:
    def __init__(self, rate_scale: float = 1.0, username: str = "mynah_test_bot") -> None:
        self.base = ""  # "http://127.0.0.1:PORT" once it is there
        self.username = username
        self.bot = User(7_000_000_001, username, "Mynah", bot=True)
        self.token = f"{self.bot.id}:AAFakeTokenOfTheTelegramDouble-1234"
        self.privacy = True  # in groups the bot gets only what is meant for it
        self.inline_feedback = False  # whether the bot is told which results were chosen
        self.callback_age, self.inline_age = 15.0, 10.0  # seconds after which an answer comes too late
        self.changes = Changes()
        self.clock = Clock(self.changes)
        self.users: dict[int, User] = {self.bot.id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.shared_ids = count(1)  # of messages in private chats and basic groups
        self.updates = Updates(self.changes)
        self.webhook = Webhook(self.updates, self.clock)
        self.files, self.faults, self.limits = Files(), Faults(), Limits(rate_scale)
        self.presses: dict[str, Press] = {}
        self.queries: dict[str, Inline] = {}
        self.inline_cache = Cache()
        self.inline_messages: dict[str, Message] = {}
        self.commands: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}  # "description" or "short_description", and the language
        self.requests: list[Request] = []
        self.refusals: list[str] = []

    @property
    def floods(self) -> int:
        """How often the bot itself sent too much."""
        return len(self.limits.hits)

    def reach(self, chat_id: object) -> Chat:
        """A chat in which the bot may act; else what the API says."""
        if chat_id is None:
            raise wrong("chat_id is empty")
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else self._named(str(chat_id))
        if chat is None:
            raise unlucky("chat not found")
        if chat.migrated_to is not None:
            raise migrated(chat.migrated_to.id)
        if chat.user is not None:
            self._check_private(chat)
        elif chat.bot_status in ("left", "kicked"):
            was = "is not a member of" if chat.bot_status == "left" else "was kicked from"
            raise forbidden(f"bot {was} the {KIND[chat.kind]}")
        return chat

    def _named(self, name: str) -> Chat | None:
        return next((chat for chat in self.chats.values() if chat.username and f"@{chat.username}" == name), None)

    def _check_private(self, chat: Chat) -> None:
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.bot_status == "kicked":
            raise forbidden("bot was blocked by the user")

    def new_message(
        self, chat: Chat, sender: User | None, body: Text, topic: Topic | None = None, reply_to: Message | None = None
    ) -> Message:
        """Kept, but the bot is not told of it yet."""
        message = Message(id=chat.next_id(), chat=chat, sender=sender, date=self.clock.unix(), body=body, topic=topic)
        message.reply_to, message.sender_chat = reply_to, chat if chat.kind == "channel" else None
        message.thread_id = topic.id if topic else _chain(chat, reply_to)
        chat.history.append(message)
        return message

    def tell_message(self, message: Message, edited: bool = False) -> None:
        """The bot gets it where it may see it."""
        chat = message.chat
        kind = "channel_post" if chat.kind == "channel" else "message"
        if concerns(message, self.privacy):
            kind = f"edited_{kind}" if edited else kind
            message.told |= self.updates.add(kind, message.payload(), chat.id, message, chat)
        self.changes.tell()

    def change_bot(self, chat: Chat, who: User, status: str) -> None:
        """What the bot is in a chat from now on, because of `who`."""
        old = status_of(chat, self.bot)
        chat.bot_status = status
        self.tell_change(chat, who, old)

    def tell_change(self, chat: Chat, who: User, old: str) -> None:
        new = status_of(chat, self.bot)
        if old != new:
            self.updates.add("my_chat_member", changed(chat, who, old, new), chat.id)
        self.changes.tell()


def _chain(chat: Chat, reply_to: Message | None) -> int | None:
    """In supergroups without topics replies make threads as well, which are no places to send to."""
    if chat.kind != "supergroup" or chat.forum or reply_to is None:
        return None
    return reply_to.thread_id or reply_to.id
