"""Places where there are messages: private chats, groups, supergroups with topics, and channels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.told import Told
from tests.doubles.telegram.users import User

if TYPE_CHECKING:
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
DRAFT_LASTS = 30.0  # seconds


@dataclass(eq=False)
class Topic:
    """Its id is that of the message that tells of its beginning."""

    id: int
    name: str
    begun: Message
    closed: bool = False
    deleted: bool = False


class Chat:
    """`bot_status` is what the bot is there; in private chats only "member", or "kicked" where it is blocked."""

    def __init__(self, world: World, identifier: int, kind: str, title: str = "", user: User | None = None) -> None:
        self.world, self.id, self.kind, self.title, self.user = world, identifier, kind, title, user
        self.username = ""  # of public groups and channels
        self.members: dict[int, User] = {}
        self.admins: dict[int, User] = {}
        self.creator: User | None = None
        self.bot_status = "left"
        self.started = False  # by the person, in private chats
        self.restricted = False  # nobody but admins may send
        self.forum = False
        self.topics: dict[int, Topic] = {}
        self.migrated_to: Chat | None = None
        self.history: list[Message] = []  # also what has been deleted, and service messages
        self.drafts: list[tuple[int, str]] = []
        self.actions: list[str] = []
        self.waiting: list[Told] = []  # what the bot was told of this chat and has not reacted to
        self._draft_until = 0.0
        self._ids = world.shared_ids if kind in ("private", "group") else count(1)
        world.chats[identifier] = self

    def __repr__(self) -> str:
        return f"<Chat {self.id} {self.kind} {self.title or self.user}>"

    def next_id(self) -> int:
        return next(self._ids)

    @property
    def messages(self) -> list[Message]:
        """People's and the bot's in order, also those that have been deleted."""
        return [message for message in self.history if message.service is None]

    @property
    def services(self) -> list[Message]:
        return [message for message in self.history if message.service is not None]

    @property
    def sent(self) -> list[Message]:
        """The bot's that are there still."""
        return [message for message in self.messages if message.by_bot and not message.deleted]

    @property
    def last(self) -> Message:
        """The bot's last one."""
        assert self.sent, f"the bot has sent nothing: {self.show()}"
        return self.sent[-1]

    @property
    def draft(self) -> str | None:
        """What the bot is seen typing; "" is the placeholder."""
        return self.drafts[-1][1] if self.drafts and self.world.clock.now() < self._draft_until else None

    @property
    def action(self) -> str | None:
        return self.actions[-1] if self.actions else None

    def message(self, identifier: int) -> Message | None:
        found = (message for message in self.history if message.id == identifier and not message.deleted)
        return next(found, None)

    def show_draft(self, identifier: int, text: str) -> None:
        self.drafts.append((identifier, text))
        self._draft_until = self.world.clock.now() + DRAFT_LASTS

    def end_draft(self) -> None:
        self._draft_until = 0.0

    def add_topic(self, name: str) -> Topic:
        assert self.forum, "only forums have topics"
        begun = self.serve({"forum_topic_created": {"name": name, "icon_color": 7322096}})
        topic = Topic(begun.id, name, begun)
        begun.topic, begun.thread_id = topic, topic.id
        self.topics[topic.id] = topic
        self.world.tell_message(begun)
        return topic

    def close_topic(self, topic: Topic) -> None:
        topic.closed = True
        self.world.tell_message(self.serve({"forum_topic_closed": {}}, topic))

    def reopen_topic(self, topic: Topic) -> None:
        topic.closed = False
        self.world.tell_message(self.serve({"forum_topic_reopened": {}}, topic))

    def delete_topic(self, topic: Topic) -> None:
        topic.deleted = True
        for message in self.history:
            message.deleted |= message.topic is topic

    def serve(self, service: Json, topic: Topic | None = None) -> Message:
        """A service message, of which the bot is not told yet."""
        who = self.creator if self.kind != "channel" else None
        thread = topic.id if topic else None
        message = Message(
            id=self.next_id(), chat=self, sender=who, date=self.world.clock.unix(), service=service, topic=topic
        )
        message.thread_id = thread
        self.history.append(message)
        return message

    async def until(self, holds: Callable[[Chat], object], seconds: float = 10) -> Chat:
        await self.world.changes.until(lambda: bool(holds(self)), seconds, self.show)
        return self

    def show(self) -> str:
        lines = [f"{self!r}, draft {self.draft!r}, action {self.action}"]
        lines += [f"  {message.id} {message.show()}" for message in self.history]
        return "\n".join(lines + [f"  refused: {refusal}" for refusal in self.world.refusals])

    def payload(self) -> Json:
        if self.user is not None:
            whole: Json = {"id": self.id, "type": "private", "first_name": self.user.first_name}
            return whole | ({"username": self.user.username} if self.user.username else {})
        whole = {"id": self.id, "type": self.kind, "title": self.title}
        whole |= {"username": self.username} if self.username else {}
        return whole | ({"is_forum": True} if self.forum else {})
