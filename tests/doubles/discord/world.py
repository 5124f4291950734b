"""All that the fake knows: people, places, what the bot did there, and what it was told."""

from __future__ import annotations

from typing import Any

from tests.doubles.changes import Changes, Clock
from tests.doubles.discord.asked import Asked
from tests.doubles.discord.channels import Channel
from tests.doubles.discord.clock import Ids
from tests.doubles.discord.faults import Faults
from tests.doubles.discord.gateway import DM_MESSAGES, GUILD_MESSAGES, GUILDS, MESSAGE_CONTENT, Gateway
from tests.doubles.discord.guilds import Guild
from tests.doubles.discord.limits import Limits
from tests.doubles.discord.messages import Message
from tests.doubles.discord.rest import Request
from tests.doubles.discord.uploads import Cdn, Upload
from tests.doubles.discord.users import User

Json = dict[str, Any]


class World:
    def __init__(
        self, shards: int = 1, compress: bool = True, rate_scale: float = 1.0, heartbeat_interval: float = 41.25
    ) -> None:
        self.shards = shards
        self.base = ""  # "http://127.0.0.1:PORT" once it is there
        self.changes = Changes()
        self.clock = Clock(self.changes)
        self.ids = Ids(self.clock)
        self.token = "fake-token"
        self.users: dict[int, User] = {}
        self.channels: dict[int, Channel] = {}
        self.guilds: dict[int, Guild] = {}
        self.bot = self._new_user("mynah", bot=True)
        self.application_id = self.bot.id
        self.asks: dict[int, Asked] = {}
        self.commands: list[Json] = []
        self.guild_commands: dict[int, list[Json]] = {}
        self.syncs = 0
        self.guild_syncs = 0
        self.requests: list[Request] = []
        self.refusals: list[str] = []
        self.nonces: dict[tuple[int, str], Message] = {}
        self.faults = Faults()
        self.limits = Limits(rate_scale)
        self.cdn = Cdn()
        self.connections = Gateway(self, compress, heartbeat_interval)

    @property
    def cdn_reads(self) -> int:
        """Bytes of uploads that were really sent."""
        return self.cdn.reads

    def _new_user(self, name: str, locale: str = "en-US", bot: bool = False) -> User:
        user = User(self.ids.next(), name, locale, bot)
        self.users[user.id] = user
        return user

    def add_user(self, name: str, locale: str = "en-US") -> User:
        """In no guild."""
        return self._new_user(name, locale)

    def add_guild(self, name: str, *, bot: bool = True, shard: int | None = None, locale: str = "en-US") -> Guild:
        """On the given shard, else on each in turn."""
        number = len(self.guilds) % self.shards if shard is None else shard
        guild = Guild(self, name, bot=bot, shard=number, locale=locale)
        self.guilds[guild.id] = guild
        if bot:
            guild.tell("GUILD_CREATE", guild.payload(joined=True))
        return guild

    def dm(self, user: User, other: User | None = None) -> Channel:
        """The direct messages of `user` with the bot, or with another person."""
        people = (user, other or self.bot)
        for channel in self.channels.values():
            if channel.kind == "dm" and set(channel.people) == set(people):
                return channel
        return Channel(self, "", "dm", people=people)

    def upload(self, filename: str, data: bytes = b"", content_type: str = "", size: int | None = None) -> Upload:
        """A file; `size`, where it is to be larger than its data."""
        assert self.base, "only once the fake is entered has a file an address"
        kind = content_type or "application/octet-stream"
        upload = Upload(self.ids.next(), filename, data, kind, len(data) if size is None else size, self.base)
        self.cdn.uploads[upload.id] = upload
        return upload

    def in_guild_with_bot(self, user: User) -> bool:
        return any(guild.has_bot and user.id in guild.members for guild in self.guilds.values())

    def message(self, identifier: int) -> Message | None:
        """Of any channel, what has been deleted excepted."""
        messages = (message for channel in self.channels.values() for message in channel.history)
        return next((each for each in messages if each.id == identifier and not each.deleted), None)

    def tell(self, event: str, data: Json, guild: int | None = None) -> None:
        self.connections.dispatch(event, data, guild, GUILDS)
        self.changes.tell()

    def tell_message(self, event: str, message: Message) -> None:
        """MESSAGE_CREATE or MESSAGE_UPDATE, where the bot may see it, and with what it may see of it."""
        channel = message.channel
        if not message.ephemeral and channel.permissions(self.bot):
            data = message.payload(blank=not self._may_read(message)) | self._place(message)
            self.connections.dispatch(event, data, *self._audience(channel))
        self.changes.tell()

    def delete_message(self, message: Message) -> None:
        message.deleted, message.deleted_at = True, self.clock.now()
        channel = message.channel
        if not message.ephemeral and channel.permissions(self.bot):
            data = {"id": str(message.id), "channel_id": str(channel.id)} | self._place(message, member=False)
            self.connections.dispatch("MESSAGE_DELETE", data, *self._audience(channel))
        self.changes.tell()

    def _audience(self, channel: Channel) -> tuple[int | None, int]:
        return (channel.guild.id, GUILD_MESSAGES) if channel.guild else (None, DM_MESSAGES)

    def _place(self, message: Message, member: bool = True) -> Json:
        guild = message.channel.guild
        if guild is None:
            return {}
        known = guild.members.get(message.author.id) if member else None
        return {"guild_id": str(guild.id)} | ({"member": known.payload(user=False)} if known else {})

    def _may_read(self, message: Message) -> bool:
        mentioned = self.bot.mention in message.content or message.author is self.bot
        application = message.webhook_id == self.application_id
        allowed = self.connections.intents & MESSAGE_CONTENT
        return bool(mentioned or application or allowed or message.channel.guild is None)
