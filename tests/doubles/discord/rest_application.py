"""The application itself, its commands, and what can be looked up about people and guilds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.doubles.discord.checks import check_commands
from tests.doubles.discord.guilds import Guild
from tests.doubles.discord.refused import Refused, missing_access, raise_if, unknown
from tests.doubles.discord.rest import Call, Route

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]


class ApplicationRoutes:
    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        commands = "/applications/{application}/commands"
        of_guild = "/applications/{application}/guilds/{guild}/commands"
        return [
            Route("GET", "/gateway", self.gateway, token=False),
            Route("GET", "/gateway/bot", self.gateway_bot),
            Route("GET", "/users/@me", lambda _: self.world.bot.payload()),
            Route("POST", "/users/@me/channels", self.open_dm),
            Route("GET", "/users/{user}", self.user),
            Route("GET", "/applications/@me", self.application),
            Route("GET", "/oauth2/applications/@me", self.application),
            Route("PUT", commands, self.sync),
            Route("GET", commands, lambda _: self.world.commands),
            Route("PUT", of_guild, self.sync_guild),
            Route("GET", of_guild, lambda call: self.world.guild_commands.get(call.id("guild"), [])),
            Route("GET", "/guilds/{guild}", lambda call: self._guild(call).base_payload()),
            Route("GET", "/guilds/{guild}/roles", lambda call: [role.payload() for role in self._guild(call).roles]),
            Route(
                "GET", "/guilds/{guild}/channels", lambda call: [each.payload() for each in self._guild(call).channels]
            ),
            Route("GET", "/guilds/{guild}/members/{user}", self.member),
        ]

    def gateway(self, call: Call) -> Json:
        return {"url": f"ws{self.world.base.removeprefix('http')}/gateway"}

    def gateway_bot(self, call: Call) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 14400000, "max_concurrency": 1}
        return self.gateway(call) | {"shards": self.world.shards, "session_start_limit": limit}

    def application(self, call: Call) -> Json:
        return {
            "id": str(self.world.application_id),
            "name": self.world.bot.name,
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "00",
            "flags": 1 << 19,
            "owner": self.world.bot.payload(),
            "team": None,
            "bot": self.world.bot.payload(),
        }

    def open_dm(self, call: Call) -> Json:
        user = self.world.users.get(int(call.payload.get("recipient_id") or 0))
        if user is None or user is self.world.bot:
            raise Refused(400, 50033, "Invalid Recipient(s)", blame=True)
        return self.world.dm(user).payload()

    def user(self, call: Call) -> Json:
        user = self.world.users.get(call.id("user"))
        if user is None:
            raise unknown("User", 10013)
        return user.payload()

    def _guild(self, call: Call) -> Guild:
        guild = self.world.guilds.get(call.id("guild"))
        if guild is None:
            raise unknown("Guild", 10004)
        if not guild.has_bot:
            raise missing_access()
        return guild

    def member(self, call: Call) -> Json:
        member = self._guild(call).members.get(call.id("user"))
        if member is None:
            raise unknown("Member", 10007)
        return member.payload()

    def sync(self, call: Call) -> list[Json]:
        self._check_own(call)
        raise_if(check_commands(call.payload))
        self.world.commands = self._kept(call.payload, self.world.commands)
        self.world.syncs += 1
        self.world.changes.tell()
        return self.world.commands

    def sync_guild(self, call: Call) -> list[Json]:
        self._check_own(call)
        guild = call.id("guild")
        raise_if(check_commands(call.payload))
        before = self.world.guild_commands.get(guild, [])
        made = [each | {"guild_id": str(guild)} for each in self._kept(call.payload, before)]
        self.world.guild_commands[guild] = made
        self.world.guild_syncs += 1
        self.world.changes.tell()
        return made

    def _check_own(self, call: Call) -> None:
        if call.id("application") != self.world.application_id:
            raise Refused(403, 20012, "You are not authorized to perform this action on this application", blame=True)

    def _kept(self, given: list[Json], before: list[Json]) -> list[Json]:
        """Commands with all that the API adds; those of the same name are still the same."""
        ids = {(each["type"], each["name"]): each["id"] for each in before}
        made = []
        for command in given:
            key = command.get("type", 1), command["name"]
            permissions = command.get("default_member_permissions")
            whole = {"contexts": None, "integration_types": [0], "nsfw": False, "options": [], "description": ""}
            whole |= {name: value for name, value in command.items() if value is not None}
            whole |= {"default_member_permissions": None if permissions is None else str(permissions)}
            whole |= {"id": ids.get(key) or str(self.world.ids.next()), "type": key[0]}
            whole |= {"application_id": str(self.world.application_id), "version": str(self.world.ids.next())}
            made.append(whole)
        return made
