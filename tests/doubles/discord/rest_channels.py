"""Channels, the messages and threads in them, and their webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.discord.channels import Channel, picture_hash
from tests.doubles.discord.checks.messages import check_webhook_name
from tests.doubles.discord.messages import Message
from tests.doubles.discord.refused import (
    Refused,
    invalid,
    missing_access,
    missing_permissions,
    not_yours,
    raise_if,
    unknown_channel,
    unknown_message,
)
from tests.doubles.discord.rest import Call, Route
from tests.doubles.discord.sending import Sent, create, edit
from tests.doubles.discord.users import bits

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]


class ChannelRoutes:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        message = "/channels/{channel}/messages/{message}"
        return [
            Route("GET", "/channels/{channel}", self.get),
            Route("POST", "/channels/{channel}/typing", self.typing),
            Route("POST", "/channels/{channel}/messages", self.send),
            Route("GET", "/channels/{channel}/messages", self.history),
            Route("GET", message, self.message),
            Route("PATCH", message, self.edit),
            Route("DELETE", message, self.delete),
            Route("POST", "/channels/{channel}/threads", self.add_thread, status=201),
            Route("POST", "/channels/{channel}/webhooks", self.add_webhook),
            Route("GET", "/channels/{channel}/webhooks", self.webhooks),
        ]

    def channel(self, call: Call, *permissions: str) -> Channel:
        """The channel of a request, if the bot may see it and has these permissions there."""
        channel = self.world.channels.get(call.id("channel"))
        if channel is None or channel.deleted:
            raise unknown_channel()
        had = channel.permissions(self.world.bot)
        if not channel.has_bot or not had:
            raise missing_access()
        if had & (needed := bits(permissions)) != needed:
            raise missing_permissions()
        return channel

    def _own(self, call: Call) -> Message:
        """A message that is there and may be seen through the channel."""
        channel = self.channel(call)
        found = (each for each in channel.history if each.id == call.id("message"))
        message = next(found, None)
        if message is None or message.deleted or message.ephemeral:
            raise unknown_message()
        return message

    def get(self, call: Call) -> Json:
        return self.channel(call).payload()

    def typing(self, call: Call) -> None:
        self.channel(call, "send_messages").typing.append(self.world.clock.now())

    def _to_send(self, call: Call) -> Channel:
        kind = self.channel(call).kind
        channel = self.channel(call, "send_messages_in_threads" if kind == "thread" else "send_messages")
        if kind == "dm":
            self._check_recipient(channel)
        if channel.kind == "forum":
            raise Refused(400, 50008, "Cannot send messages in a non-text channel", blame=True)
        return channel

    def _check_recipient(self, channel: Channel) -> None:
        person = next(user for user in channel.people if user is not self.world.bot)
        if not person.accepts_dms:
            raise Refused(403, 50007, "Cannot send messages to this user")
        if not (person.installed or self.world.in_guild_with_bot(person)):
            raise Refused(403, 50278, "Cannot send messages to this user due to having no mutual guilds")

    def send(self, call: Call) -> Json:
        channel = self._to_send(call)
        key = channel.id, str(call.payload.get("nonce"))
        known = self.world.nonces.get(key)
        if call.payload.get("enforce_nonce") and known is not None:
            return known.payload()
        message = self._new(channel, call.payload)
        create(self.world, message, self._sent(call, channel))
        if message.nonce is not None:
            self.world.nonces[key] = message
        return message.payload()

    def _new(self, channel: Channel, payload: Json) -> Message:
        message = Message(self.world.ids.next(), channel, self.world.bot, self.world.clock.now())
        reference = payload.get("message_reference")
        if reference:
            message.reference = self.world.message(int(reference["message_id"]))
            if message.reference is None and reference.get("fail_if_not_exists", True):
                raise invalid("message_reference", "Unknown message", "REPLIES_UNKNOWN_MESSAGE")
        if (payload.get("flags") or 0) & 1 << 6:
            raise invalid("flags", "Only answers to interactions can be ephemeral", "MESSAGE_FLAGS_INVALID")
        return message

    def _sent(self, call: Call, channel: Channel, payload: Json | None = None) -> Sent:
        had = channel.permissions(self.world.bot)
        if call.files and not had & bits(["attach_files"]):
            raise missing_permissions()
        return call.sent(payload, drops_embeds=not had & bits(["embed_links"]))

    def history(self, call: Call) -> list[Json]:
        """Newest first, as the API gives them."""
        messages = self.channel(call, "read_message_history").messages
        before, after = int(call.query.get("before", 1 << 63)), int(call.query.get("after", 0))
        found = [each for each in messages if after < each.id < before]
        limit = int(call.query.get("limit", 50))
        chosen = found[:limit] if "after" in call.query else found[-limit:]
        return [each.payload() for each in reversed(chosen)]

    def message(self, call: Call) -> Json:
        self.channel(call, "read_message_history")
        return self._own(call).payload()

    def edit(self, call: Call) -> Json:
        message = self._own(call)
        if message.author is not self.world.bot:
            raise not_yours()
        return edit(self.world, message, self._sent(call, message.channel)).payload()

    def delete(self, call: Call) -> None:
        message = self._own(call)
        if message.author is not self.world.bot:
            self.channel(call, "manage_messages")
        self.world.delete_message(message)

    def add_thread(self, call: Call) -> Json:
        """Only in forums, with the message that begins it."""
        channel = self.channel(call, "send_messages")
        if channel.kind != "forum":
            raise Refused(501, 0, "the fake makes threads only in forums", blame=True)
        name = str(call.payload.get("name") or "")
        if not 1 <= len(name) <= 100:
            raise invalid("name", "Must be between 1 and 100 in length.", "BASE_TYPE_BAD_LENGTH")
        payload = call.payload.get("message") or {}
        thread = channel.add_thread(name)
        message = self._new(thread, payload)
        message.id = thread.id  # as it is with the first one
        create(self.world, message, self._sent(call, thread, payload))
        return thread.payload() | {"message": message.payload()}

    def add_webhook(self, call: Call) -> Json:
        channel = self.channel(call, "manage_webhooks")
        raise_if(check_webhook_name(call.payload.get("name")))
        if channel.parent is not None:
            raise invalid("channel_id", "A thread has no webhooks of its own")
        if len(channel.webhooks) >= 15:
            raise Refused(400, 30007, "Maximum number of webhooks reached (15)")
        webhook = channel.add_webhook(call.payload["name"], owned=True)
        webhook.avatar = picture_hash(call.payload.get("avatar"))
        return webhook.payload(self.world.bot)

    def webhooks(self, call: Call) -> list[Json]:
        channel = self.channel(call, "manage_webhooks")
        return [webhook.payload(self.world.bot) for webhook in channel.webhooks]
