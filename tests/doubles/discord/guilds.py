"""Guilds, as tests set them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from discord import Permissions

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.users import ALL, BOT, EVERYONE, Member, Overwrite, Role, User, bits, in_channel

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]


class Guild:
    """A guild with the bot in it, unless it was added without, or the bot has been kicked."""

    def __init__(self, world: World, name: str, *, bot: bool = True, shard: int = 0, locale: str = "en-US") -> None:
        self.world = world
        self.name = name
        self.locale = locale
        self.id = world.ids.next(shard, world.shards)
        self.owner = world.add_user(f"{name.lower()} owner")
        self.everyone = Role(self.id, "@everyone", EVERYONE, mentionable=False)
        self.bot_role = Role(world.ids.next(), world.bot.name, BOT, managed=True)
        self.roles = [self.everyone, self.bot_role]
        self.members: dict[int, Member] = {}
        self.channels: list[Channel] = []
        self.add_member(self.owner)
        if bot:
            self._join_bot()

    @property
    def has_bot(self) -> bool:
        return self.world.bot.id in self.members

    @property
    def threads(self) -> list[Channel]:
        return [thread for channel in self.channels for thread in channel.threads]

    def add_channel(self, name: str, kind: str = "text") -> Channel:
        channel = Channel(self.world, name, kind, guild=self)
        self.channels.append(channel)
        self.tell("CHANNEL_CREATE", channel.payload())
        return channel

    def add_role(self, name: str, *permissions: str, mentionable: bool = True) -> Role:
        role = Role(self.world.ids.next(), name, bits(permissions), mentionable=mentionable)
        self.roles.append(role)
        self.tell("GUILD_ROLE_CREATE", {"guild_id": str(self.id), "role": role.payload()})
        return role

    def add_member(self, who: str | User, locale: str = "en-US", admin: bool = False) -> User:
        user = who if isinstance(who, User) else self.world.add_user(who, locale)
        self.members[user.id] = Member(user, self.world.clock.utc())
        if admin:
            self.set_roles(user, self.add_role(f"{user.name} the admin", "administrator"))
        return user

    def set_roles(self, user: User, *roles: Role) -> None:
        self.members[user.id].roles = list(roles)

    def deny(self, channel: Channel, *permissions: str, whom: User | Role | None = None) -> None:
        """Takes permissions from the bot in `channel`, or from `whom`; where there is no bot from everyone."""
        overwrite = self._overwrite(channel, whom)
        overwrite.deny |= bits(permissions)
        self.tell("CHANNEL_UPDATE", channel.root.payload())

    def allow(self, channel: Channel, *permissions: str, whom: User | Role | None = None) -> None:
        """Takes a denial back."""
        overwrite = self._overwrite(channel, whom)
        overwrite.deny &= ~bits(permissions)
        self.tell("CHANNEL_UPDATE", channel.root.payload())

    def _overwrite(self, channel: Channel, whom: User | Role | None) -> Overwrite:
        target = whom or (self.world.bot if self.has_bot else self.everyone)
        return channel.root.overwrites.setdefault(target.id, Overwrite(target.id, int(isinstance(target, User))))

    def permissions(self, user: User, channel: Channel) -> int:
        """What `user` may do in `channel`; nothing at all when not a member."""
        if user.id == self.owner.id:
            return ALL
        if (member := self.members.get(user.id)) is None:
            return 0
        base = self.everyone.permissions
        for role in member.roles:
            base |= role.permissions
        given = in_channel(base, member, self.everyone, channel.root.overwrites.values())
        return given if given & Permissions(view_channel=True).value else 0

    async def kick_bot(self) -> None:
        self.members.pop(self.world.bot.id)
        self.world.tell("GUILD_DELETE", {"id": str(self.id)}, guild=self.id)

    async def invite_bot(self) -> None:
        self._join_bot()
        self.tell("GUILD_CREATE", self.payload(joined=True))

    def _join_bot(self) -> None:
        self.add_member(self.world.bot)
        self.set_roles(self.world.bot, self.bot_role)

    def tell(self, event: str, data: Json) -> None:
        if self.has_bot:
            self.world.tell(event, data, guild=self.id)

    def partial(self) -> Json:
        return {"id": str(self.id), "locale": self.locale, "features": []}

    def base_payload(self) -> Json:
        return {
            "id": str(self.id),
            "name": self.name,
            "owner_id": str(self.owner.id),
            "icon": None,
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role.payload() for role in self.roles],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_id": None,
            "system_channel_flags": 0,
            "preferred_locale": self.locale,
        }

    def payload(self, joined: bool = False) -> Json:
        """As GUILD_CREATE has it; of the members only the bot, as for an application without that intent.

        Only of guilds that were there before it says that they are available.
        """
        return ({} if joined else {"unavailable": False}) | self._full_payload()

    def _full_payload(self) -> Json:
        return self.base_payload() | {
            "joined_at": self.world.clock.utc(),
            "large": False,
            "member_count": len(self.members),
            "members": [self.members[self.world.bot.id].payload()],
            "channels": [channel.payload() for channel in self.channels],
            "threads": [thread.payload() for thread in self.threads],
            "presences": [],
            "voice_states": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
