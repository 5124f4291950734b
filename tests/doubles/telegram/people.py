"""What people do: they write, press, ask inline, and decide where the bot may be."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from tests.doubles.telegram.asked import Inline, Press
from tests.doubles.telegram.chats import Chat, Topic
from tests.doubles.telegram.files import File
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.methods_queries import content_of
from tests.doubles.telegram.places import Places
from tests.doubles.telegram.texts import Text, marked, trimmed
from tests.doubles.telegram.users import ANONYMOUS, CHANNEL, User

Json = dict[str, Any]
CHAT_TYPES = ("sender", "private", "group", "supergroup", "channel")


class People(Places):
    def __init__(self, rate_scale: float = 1.0, username: str = "mynah_test_bot") -> None:
        super().__init__(rate_scale, username)
        self._asked = count(1)

    async def write(
        self,
        user: User,
        chat: Chat,
        text: str,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        anonymous: bool = False,
        as_channel: Chat | None = None,
        entities: list[Json] | None = None,
    ) -> Message:
        """The bot is told where it may see it. `entities`: besides what Telegram finds by itself."""
        message = self._put(user, chat, text, topic, reply_to, entities)
        self._disguise(message, anonymous, as_channel)
        self.tell_message(message)
        return message

    async def upload(
        self,
        user: User,
        chat: Chat,
        name: str,
        data: bytes = b"",
        caption: str = "",
        size: int | None = None,
        mime_type: str = "",
        topic: Topic | None = None,
        reply_to: Message | None = None,
    ) -> Message:
        """A document; `size`, where it is to be larger than its data."""
        message = self._put(user, chat, caption, topic, reply_to)
        message.document = self.files.add(name, data, size, mime_type)
        self.tell_message(message)
        return message

    async def photo(self, user: User, chat: Chat, data: bytes, caption: str = "") -> Message:
        """A photo."""
        message = self._put(user, chat, caption)
        message.photo = self.files.add("photo.jpg", data, mime_type="image/jpeg", photo=True)
        self.tell_message(message)
        return message

    async def post(self, channel: Chat, text: str, file: File | None = None) -> Message:
        assert channel.kind == "channel", f"{channel} is no channel"
        message = self.new_message(channel, None, marked(trimmed(Text(text))))
        message.document = file
        self.tell_message(message)
        return message

    async def edit(self, user: User, message: Message, text: str) -> None:
        """Of a channel's message, by whoever may."""
        assert message.sender_chat is not None or message.sender is user, "only one's own"
        message.edits.append(message.plain)
        message.body, message.edit_date = marked(trimmed(Text(text))), self.clock.unix()
        self.tell_message(message, edited=True)

    def delete(self, message: Message) -> None:
        """Of which no bot is told."""
        message.deleted = True
        self.changes.tell()

    def deep_link(self, user: User, payload: str = "") -> Message:
        """Follows t.me/BOT?start=payload, and presses the button that is there."""
        assert re.fullmatch(r"[A-Za-z0-9_-]{0,64}", payload), f"no payload of a link: {payload!r}"
        message = self._put(user, self.private(user), f"/start {payload}".strip())
        self.tell_message(message)
        return message

    def _put(
        self,
        user: User,
        chat: Chat,
        text: str,
        topic: Topic | None = None,
        reply_to: Message | None = None,
        entities: list[Json] | None = None,
    ) -> Message:
        self._check_may_write(user, chat, topic)
        chat.started = True
        body = marked(trimmed(Text(text, entities or [])))
        topic = topic or (reply_to.topic if reply_to else None)
        return self.new_message(chat, user, body, topic, reply_to)

    def _check_may_write(self, user: User, chat: Chat, topic: Topic | None) -> None:
        assert chat.kind != "channel", "in channels post()"
        assert chat.user in (None, user), f"{chat} is not of {user}"
        assert chat.user is None or chat.bot_status == "member", f"{user} has blocked the bot"
        assert chat.user is not None or user.id in chat.members, f"{user} is no member of {chat}"
        assert topic is None or chat.topics.get(topic.id) is topic, f"{topic} is not of {chat}"

    def _disguise(self, message: Message, anonymous: bool, as_channel: Chat | None) -> None:
        chat = message.chat
        if anonymous:
            assert message.sender in (chat.creator, *chat.admins.values()), f"{message.sender} is no admin"
            message.sender, message.sender_chat = ANONYMOUS, chat
        elif as_channel is not None:
            message.sender, message.sender_chat = CHANNEL, as_channel

    async def press(self, user: User, message: Message, label: str) -> Press:
        """The button whose text has `label` in it."""
        found = [button for button in message.buttons if label in button.text and button.data is not None]
        assert found, f"no button {label!r} below {message!r}"
        assert not message.deleted, f"{message!r} is gone"
        identifier = f"41{next(self._asked):016d}"
        press = Press(world=self, id=identifier, user=user, asked_at=self.clock.now(), message=message, button=found[0])
        self.presses[identifier] = press
        press.told = self.updates.add("callback_query", press.payload(), user.id, press, message.chat)
        return press

    async def inline(self, user: User, text: str, offset: str = "", chat_type: str = "supergroup") -> Inline:
        """Types @bot and then `text`, which Telegram cuts."""
        assert chat_type in CHAT_TYPES, f"none of {CHAT_TYPES}: {chat_type}"
        identifier = f"42{next(self._asked):016d}"
        query = Inline(world=self, id=identifier, user=user, asked_at=self.clock.now(), text=text[:256])
        query.offset, query.chat_type = offset, chat_type
        if not self.inline_cache.serve(query):
            self.queries[identifier] = query
            query.told = self.updates.add("inline_query", query.payload(), user.id, query)
        return query

    async def choose(self, query: Inline, index: int, chat: Chat) -> Message:
        """Posts a result as that person, via the bot."""
        result = query.results[index]
        self._check_may_write(query.user, chat, None)
        message = self.new_message(chat, query.user, content_of(result))
        message.via_bot, message.reply_markup = self.bot, result.get("reply_markup")
        message.link_preview = result["input_message_content"].get("link_preview_options")
        chosen: Json = {"result_id": result["id"], "from": query.user.payload(), "query": query.text}
        if message.buttons:
            message.inline_message_id = f"BAAAA{next(self._asked):08d}"
            self.inline_messages[message.inline_message_id] = message
            chosen["inline_message_id"] = message.inline_message_id
        self.tell_message(message)
        if self.inline_feedback:
            self.updates.add("chosen_inline_result", chosen, query.user.id)
        return message
