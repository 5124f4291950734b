"""Commands as a person finds them: what is there in a place, and what may be used."""

from __future__ import annotations

from typing import Any

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.options import Resolved, Value, descend, fill, find_command, nest
from tests.doubles.discord.users import User, bits
from tests.doubles.discord.world import World

Json = dict[str, Any]


class Commands(World):
    def _chat(
        self, user: User, channel: Channel, name: str, installed: str, values: dict[str, Value], complete: bool = True
    ) -> tuple[Json, list[Json]]:
        first, *rest = name.split(" ")
        command = self._command(user, channel, first, 1, installed)
        steps, schema = descend(command, rest)
        resolved = Resolved(channel.guild, user)
        filled = fill(schema, values, resolved, complete)
        return self._named(command) | {"options": nest(steps, filled)} | resolved.payload(), schema

    def _named(self, command: Json) -> Json:
        whole = {"id": command["id"], "name": command["name"], "type": command["type"]}
        return whole | ({"guild_id": command["guild_id"]} if "guild_id" in command else {})

    def _command(self, user: User, channel: Channel, name: str, kind: int, installed: str) -> Json:
        """A command that this person finds here."""
        of_guild = self.guild_commands.get(channel.guild.id, []) if channel.guild else []
        command = find_command([*of_guild, *self.commands], name, kind)
        assert int(installed == "user") in command["integration_types"], f"{name} isn't {installed}-installed"
        context = 0 if channel.guild else 1 if channel.has_bot else 2
        contexts = command["contexts"]
        assert contexts is None or context in contexts, f"{name} isn't shown in context {context}"
        if installed == "user":
            user.installed = True
        else:
            assert channel.has_bot, "The bot is not here"
        self._check_may(user, channel, command)
        return command

    def _check_may(self, user: User, channel: Channel, command: Json) -> None:
        had, needed = channel.permissions(user), int(command["default_member_permissions"] or 0)
        assert had, f"{user.name} doesn't see this channel"
        if channel.guild:
            assert command["default_member_permissions"] != "0" or had & bits(["administrator"]), (
                "Only for administrators"
            )
            assert had & needed == needed, f"{user.name} may not use {command['name']}"
            assert had & bits(["use_application_commands"]), f"{user.name} may not use commands here"
