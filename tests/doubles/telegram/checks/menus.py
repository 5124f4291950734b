"""What a bot's commands may be, for whom, and in which language."""

from __future__ import annotations

import re
from typing import Any

from tests.doubles.telegram.refused import wrong

Json = dict[str, Any]
SCOPES: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}  # and what each needs


def check_commands(commands: list[Json]) -> None:
    if len(commands) > 100:
        raise wrong("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not isinstance(command, dict) or set(command) != {"command", "description"}:
            raise wrong(f"can't parse BotCommand: {command}")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command["command"])):
            raise wrong("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command["description"]).strip()) <= 256:
            raise wrong("BOT_COMMAND_DESCRIPTION_INVALID")
    names = [command["command"] for command in commands]
    if len(set(names)) < len(names):
        raise wrong(f"a command is given twice: {names}")


def scope_key(scope: Json) -> str:
    """How the fake names a scope: "default", "chat:-1001", "chat_member:-1001:42"."""
    kind = str(scope.get("type", "default"))
    needed = SCOPES.get(kind)
    if needed is None or set(scope) - {"type"} != set(needed):
        raise wrong(f"can't parse BotCommandScope: {scope}")
    return ":".join([kind, *(str(scope[name]) for name in needed)])


def check_language(code: str) -> None:
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise wrong(f"language code {code!r} is invalid")
