"""An interaction, as the person who began it sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.messages import Message
from tests.doubles.discord.users import User

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
ANSWER, DEFER, DEFER_UPDATE, UPDATE, CHOICES, SHOW_MODAL = 4, 5, 6, 7, 8, 9
PATIENCE, LIFETIME = 3.0, 900.0  # seconds until the first answer has to be there, and until the token dies


@dataclass(eq=False, repr=False)
class Asked:
    world: World
    id: int
    kind: int
    user: User
    channel: Channel
    installed: str  # where the app is: "guild" or "user"
    data: Json
    asked_at: float
    source: Message | None = None  # the message with the component that was used
    target: Message | User | None = None  # of a context command
    ack_at: float | None = None
    ack_type: int | None = None
    ephemeral: bool | None = None
    modal: Json | None = None
    choices: list[Json] | None = None
    original: Message | None = None  # also while it only says "thinking"
    followups: list[Message] = field(default_factory=list)
    log: list[tuple[float, str]] = field(default_factory=list)  # what the person saw happen, and when

    def __repr__(self) -> str:
        return f"<Asked {self.id} by {self.user.name}: {self.show()}>"

    @property
    def token(self) -> str:
        return f"interaction-token-{self.id}"

    @property
    def age(self) -> float:
        return self.world.clock.now() - self.asked_at

    @property
    def ack_seconds(self) -> float | None:
        return None if self.ack_at is None else self.ack_at - self.asked_at

    @property
    def failed(self) -> bool:
        """Discord says "The application did not respond"."""
        return self.ack_at is None and self.age >= PATIENCE

    @property
    def thinking(self) -> bool:
        return self.original is not None and self.original.loading and not self.original.deleted

    @property
    def message(self) -> Message | None:
        return None if self.original is None or self.original.loading or self.original.deleted else self.original

    @property
    def here(self) -> list[Message]:
        """All that this person got for it and still sees."""
        return [each for each in [self.message, *self.followups] if each is not None and not each.deleted]

    def saw(self, what: str) -> None:
        self.log.append((self.world.clock.now(), what))
        self.world.changes.tell()

    async def acknowledged(self, timeout: float = 5) -> Asked:
        await self.until(lambda asked: asked.ack_at is not None or asked.failed, timeout)
        assert not self.failed, f"The application did not respond: {self.show()}"
        return self

    async def until(self, holds: Callable[[Asked], bool], timeout: float = 10) -> Asked:
        await self.world.changes.until(lambda: holds(self), timeout, self.show)
        return self

    def show(self) -> str:
        known: Json = {"ack_type": self.ack_type, "thinking": self.thinking, "failed": self.failed, "modal": self.modal}
        known["message"] = self.message.show() if self.message else None
        known["followups"] = [each.show() for each in self.followups if not each.deleted]
        known["log"] = [(round(at - self.asked_at, 3), what) for at, what in self.log]
        return json.dumps(known, indent=1, ensure_ascii=False)

    def owners(self) -> Json:
        """Who has installed the app, as far as it matters here."""
        if self.installed == "user":
            return {"1": str(self.user.id)}
        return {"0": str(self.channel.guild.id) if self.channel.guild else "0"}

    def metadata(self) -> Json:
        whole = {"id": str(self.id), "type": self.kind, "user": self.user.payload()}
        return whole | {"authorizing_integration_owners": self.owners()}

    def payload(self) -> Json:
        """INTERACTION_CREATE."""
        channel, guild = self.channel, self.channel.guild
        whole: Json = {
            "id": str(self.id),
            "application_id": str(self.world.application_id),
            "type": self.kind,
            "token": self.token,
            "version": 1,
            "data": self.data,
            "channel_id": str(channel.id),
            "channel": channel.payload(channel.permissions(self.user)),
            "app_permissions": str(channel.app_permissions(self.user)),
            "locale": self.user.locale,
            "entitlements": [],
            "authorizing_integration_owners": self.owners(),
            "context": 0 if guild else 1 if channel.has_bot else 2,
            "attachment_size_limit": 10 * 1024 * 1024,
        }
        whole |= {"message": self.source.payload()} if self.source else {}
        if guild is None:
            return whole | {"user": self.user.payload()}
        member = guild.members[self.user.id].payload(channel.permissions(self.user))
        return whole | {
            "guild_id": str(guild.id),
            "guild": guild.partial(),
            "guild_locale": guild.locale,
            "member": member,
        }
