"""Channels of guilds, threads, and direct messages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.doubles.discord.users import IN_DMS, Overwrite, User

if TYPE_CHECKING:
    from tests.doubles.discord.guilds import Guild
    from tests.doubles.discord.messages import Message
    from tests.doubles.discord.world import World

Json = dict[str, Any]
KINDS = {"text": 0, "dm": 1, "thread": 11, "forum": 15}


def picture_hash(data: str | None) -> str | None:
    """What an uploaded picture, a data URL, is known by afterwards."""
    return hashlib.md5(data.encode(), usedforsecurity=False).hexdigest() if data else None


@dataclass(eq=False)
class Webhook:
    id: int
    token: str
    channel: Channel
    name: str
    owned: bool = True  # made by the bot, which else never learns the token
    avatar: str | None = None

    def payload(self, bot: User, token: bool = True) -> Json:
        whole: Json = {
            "id": str(self.id),
            "type": 1,
            "name": self.name,
            "avatar": self.avatar,
            "channel_id": str(self.channel.id),
            "guild_id": str(self.channel.guild.id) if self.channel.guild else None,
            "application_id": str(bot.id) if self.owned else None,
        }
        return whole | ({"token": self.token, "user": bot.payload()} if token and self.owned else {})


class Channel:
    """A place where there are messages; `kind` is text, forum, thread or dm."""

    def __init__(
        self,
        world: World,
        name: str,
        kind: str,
        guild: Guild | None = None,
        parent: Channel | None = None,
        people: tuple[User, ...] = (),
    ) -> None:
        self.world, self.name, self.kind, self.guild, self.parent, self.people = (
            world,
            name,
            kind,
            guild,
            parent,
            people,
        )
        self.id = world.ids.next()
        self.deleted = False
        self.threads: list[Channel] = []
        self.overwrites: dict[int, Overwrite] = {}
        self.webhooks: list[Webhook] = []
        self.typing: list[float] = []  # when the bot was seen typing
        self.history: list[Message] = []  # also what has been deleted
        world.channels[self.id] = self

    @property
    def root(self) -> Channel:
        """The channel whose permissions and webhooks count here."""
        return self.parent or self

    @property
    def mention(self) -> str:
        return f"<#{self.id}>"

    @property
    def has_bot(self) -> bool:
        return self.guild.has_bot if self.guild else self.world.bot in self.people

    @property
    def messages(self) -> list[Message]:
        """Those that everybody sees here, oldest first."""
        return [message for message in self.history if not (message.deleted or message.loading or message.ephemeral)]

    def add_thread(self, name: str) -> Channel:
        thread = Channel(self.world, name, "thread", guild=self.guild, parent=self)
        self.threads.append(thread)
        if self.guild:
            self.guild.tell("THREAD_CREATE", thread.payload())
        return thread

    def add_webhook(self, name: str, owned: bool = False) -> Webhook:
        """One that somebody else made, unless `owned` by the bot."""
        identifier = self.world.ids.next()
        webhook = Webhook(identifier, f"webhook-token-{identifier}", self.root, name, owned)
        self.root.webhooks.append(webhook)
        return webhook

    def permissions(self, user: User) -> int:
        if self.guild is not None:
            return self.guild.permissions(user, self)
        return IN_DMS if user in self.people else 0

    def app_permissions(self, asker: User) -> int:
        """The bot's; where it is not, what an app may do for `asker`."""
        return self.permissions(self.world.bot if self.has_bot else asker)

    async def delete(self) -> None:
        self.deleted = True
        for message in self.history:
            message.deleted = True
        if self.guild:
            siblings = self.parent.threads if self.parent else self.guild.channels
            siblings.remove(self)
            self.guild.tell("THREAD_DELETE" if self.parent else "CHANNEL_DELETE", self.payload())
        self.world.changes.tell()

    async def until(self, holds: Callable[[list[Message]], bool], timeout: float = 30) -> list[Message]:
        await self.world.changes.until(lambda: holds(self.messages), timeout, lambda: self._show())
        return self.messages

    def _show(self) -> str:
        return json.dumps([message.show() for message in self.messages], indent=1, ensure_ascii=False)

    def payload(self, permissions: int | None = None) -> Json:
        whole: Json = {"id": str(self.id), "type": KINDS[self.kind], "flags": 0}
        whole |= {"last_message_id": str(self.history[-1].id) if self.history else None}
        if self.guild is None:
            others = [user.payload() for user in self.people if user is not self.world.bot]
            return whole | {"recipients": others}
        whole |= {"guild_id": str(self.guild.id), "name": self.name, "parent_id": None, "rate_limit_per_user": 0}
        whole |= self._thread() if self.parent else self._channel()
        return whole | ({} if permissions is None else {"permissions": str(permissions)})

    def _channel(self) -> Json:
        overwrites = [overwrite.payload() for overwrite in self.overwrites.values()]
        whole: Json = {"position": 0, "topic": None, "nsfw": False, "permission_overwrites": overwrites}
        return whole | ({"available_tags": []} if self.kind == "forum" else {})

    def _thread(self) -> Json:
        assert self.parent is not None
        metadata: Json = {"archived": False, "auto_archive_duration": 1440, "locked": False}
        metadata["archive_timestamp"] = self.world.clock.utc()
        return {
            "parent_id": str(self.parent.id),
            "owner_id": str(self.world.bot.id),
            "message_count": len(self.messages),
            "total_message_sent": len(self.history),
            "member_count": 1,
            "thread_metadata": metadata,
        }
