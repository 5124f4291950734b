"""Options of commands, as the client of a person fills them in and checks them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.guilds import Guild
from tests.doubles.discord.messages import Message
from tests.doubles.discord.uploads import Upload
from tests.doubles.discord.users import Role, User

Json = dict[str, Any]
Value = str | int | float | bool | User | Role | Channel | Upload

SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
TYPES: dict[int, tuple[type, ...]] = {
    STRING: (str,),
    INTEGER: (int,),
    BOOLEAN: (bool,),
    USER: (User,),
    CHANNEL: (Channel,),
    ROLE: (Role,),
    MENTIONABLE: (User, Role),
    NUMBER: (int, float),
    ATTACHMENT: (Upload,),
}

KINDS: dict[type, str] = {
    User: "users",
    Role: "roles",
    Channel: "channels",
    Upload: "attachments",
    Message: "messages",
}


@dataclass
class Resolved:
    """What the API adds for everything that is only named by its id; channels say what the asker may do there."""

    guild: Guild | None
    asker: User
    data: dict[str, Json] = field(default_factory=dict)

    def add(self, value: Value | Message) -> str:
        """The id of `value`, which can be looked up from now on."""
        assert isinstance(value, User | Role | Channel | Upload | Message)
        kind = KINDS[type(value)]
        payload = value.payload(value.permissions(self.asker)) if isinstance(value, Channel) else value.payload()
        self.data.setdefault(kind, {})[str(value.id)] = payload
        if isinstance(value, User) and self.guild and value.id in self.guild.members:
            member = self.guild.members[value.id].payload(self.guild.everyone.permissions, user=False)
            self.data.setdefault("members", {})[str(value.id)] = member
        return str(value.id)

    def payload(self) -> Json:
        return {"resolved": self.data} if self.data else {}


def find_command(commands: list[Json], name: str, kind: int) -> Json:
    known = [command["name"] for command in commands if command["type"] == kind]
    assert name in known, f"There is no command {name!r}, only {known}"
    return next(command for command in commands if command["type"] == kind and command["name"] == name)


def descend(command: Json, names: list[str]) -> tuple[list[Json], list[Json]]:
    """The steps to a subcommand, and the options that it has."""
    steps: list[Json] = []
    options: list[Json] = command.get("options") or []
    for name in names:
        step = next((each for each in options if each["name"] == name and each["type"] in (SUBCOMMAND, GROUP)), None)
        assert step is not None, f"{command['name']} has no subcommand {name!r}"
        steps.append(step)
        options = step.get("options") or []
    assert not any(each["type"] in (SUBCOMMAND, GROUP) for each in options), f"One of {options} has to be chosen"
    return steps, options


def nest(steps: list[Json], filled: list[Json]) -> list[Json]:
    for step in reversed(steps):
        filled = [{"name": step["name"], "type": step["type"], "options": filled}]
    return filled


def fill(options: list[Json], values: dict[str, Value], resolved: Resolved, complete: bool = True) -> list[Json]:
    """What is sent of `values`; a person could not send what fails here."""
    schema = {option["name"]: option for option in options}
    assert set(values) <= set(schema), f"No such options: {set(values) - set(schema)}, only {list(schema)}"
    missing = {name for name, option in schema.items() if option.get("required")} - set(values)
    assert not (complete and missing), f"Required: {missing}"
    return [_option(schema[name], value, resolved) for name, value in values.items()]


def _option(option: Json, value: Value, resolved: Resolved) -> Json:
    kind = option["type"]
    fits = isinstance(value, TYPES[kind]) and (kind == BOOLEAN or not isinstance(value, bool))
    assert fits, f"{option['name']} takes {TYPES[kind]}, not {value!r}"
    _check_limits(option, value)
    sent = resolved.add(value) if kind in (USER, CHANNEL, ROLE, MENTIONABLE, ATTACHMENT) else value
    return {"name": option["name"], "type": kind, "value": sent}


def _check_limits(option: Json, value: Value) -> None:
    choices = [choice["value"] for choice in option.get("choices") or []]
    assert not choices or value in choices, f"{option['name']} is one of {choices}, not {value!r}"
    measured: Any = len(value) if isinstance(value, str) else value
    low, high = ("min_length", "max_length") if isinstance(value, str) else ("min_value", "max_value")
    assert option.get(low) is None or measured >= option[low], f"{option['name']}: less than {option[low]}"
    assert option.get(high) is None or measured <= option[high], f"{option['name']}: more than {option[high]}"
