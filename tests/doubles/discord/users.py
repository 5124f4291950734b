"""Who there is: users, roles, members of guilds, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from discord import Permissions

Json = dict[str, Any]

EVERYONE = Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
    add_reactions=True,
    read_message_history=True,
    use_application_commands=True,
    use_external_apps=True,
).value
BOT = Permissions(manage_webhooks=True).value
IN_DMS = EVERYONE & ~Permissions(create_public_threads=True, send_messages_in_threads=True).value
ALL = Permissions.all().value


def bits(names: Iterable[str]) -> int:
    """The permissions of these names, which are discord.py's."""
    return Permissions(**dict.fromkeys(names, True)).value


@dataclass(eq=False)
class User:
    id: int
    name: str
    locale: str = "en-US"
    bot: bool = False
    accepts_dms: bool = True
    installed: bool = False  # has the app added to the account

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    def payload(self) -> Json:
        return {
            "id": str(self.id),
            "username": self.name,
            "discriminator": "0",
            "global_name": self.name.title(),
            "avatar": None,
            "bot": self.bot,
            "public_flags": 0,
        }


@dataclass(eq=False)
class Role:
    id: int
    name: str
    permissions: int = 0
    managed: bool = False
    mentionable: bool = True

    @property
    def mention(self) -> str:
        return f"<@&{self.id}>"

    def payload(self) -> Json:
        colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
        return {
            "id": str(self.id),
            "name": self.name,
            "permissions": str(self.permissions),
            "position": 0 if self.name == "@everyone" else 1,
            "color": 0,
            "colors": colours,
            "hoist": False,
            "managed": self.managed,
            "mentionable": self.mentionable,
            "flags": 0,
        }


@dataclass(eq=False)
class Member:
    user: User
    joined_at: str
    roles: list[Role] = field(default_factory=list)
    nick: str | None = None

    def payload(self, permissions: int | None = None, user: bool = True) -> Json:
        """`permissions` are in the ones of interactions, the user in all but those of messages."""
        whole: Json = {
            "roles": [str(role.id) for role in self.roles],
            "joined_at": self.joined_at,
            "nick": self.nick,
            "avatar": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
            "premium_since": None,
            "communication_disabled_until": None,
        }
        whole |= {"user": self.user.payload()} if user else {}
        return whole | ({} if permissions is None else {"permissions": str(permissions)})


@dataclass
class Overwrite:
    """What is allowed and denied in one channel to a role (kind 0) or to a member (kind 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0

    def payload(self) -> Json:
        return {"id": str(self.id), "type": self.kind, "allow": str(self.allow), "deny": str(self.deny)}

    def applied(self, permissions: int) -> int:
        return permissions & ~self.deny | self.allow


def in_channel(base: int, member: Member, everyone: Role, overwrites: Iterable[Overwrite]) -> int:
    """Permissions of a member in a channel: everyone's overwrite first, then roles', then its own."""
    if base & Permissions(administrator=True).value:
        return ALL
    given = list(overwrites)
    roles = [each for each in given if each.id in {role.id for role in member.roles}]
    merged = Overwrite(0, 0)
    for each in roles:
        merged.allow, merged.deny = merged.allow | each.allow, merged.deny | each.deny
    order = [*(each for each in given if each.id == everyone.id), merged]
    for each in [*order, *(each for each in given if each.id == member.user.id)]:
        base = each.applied(base)
    return base
