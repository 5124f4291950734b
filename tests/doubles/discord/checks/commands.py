"""What an application's commands may be."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tests.doubles.discord.checks.problems import Path, Problems

Json = dict[str, Any]

SUBCOMMAND, GROUP, STRING, INTEGER, NUMBER = 1, 2, 3, 4, 10
CHAT_INPUT, MOST = 1, {1: 100, 2: 5, 3: 5}
ALLOWED = (frozenset(range(1, 12)), frozenset({SUBCOMMAND}), frozenset(range(3, 12)))  # on top, in groups, below
LOCALES = frozenset(
    [
        "id",
        "da",
        "de",
        "en-GB",
        "en-US",
        "es-ES",
        "es-419",
        "fr",
        "hr",
        "it",
        "lt",
        "hu",
        "nl",
        "no",
        "pl",
        "pt-BR",
        "ro",
        "fi",
        "sv-SE",
        "vi",
        "tr",
        "cs",
        "el",
        "bg",
        "ru",
        "uk",
        "hi",
        "th",
        "zh-CN",
        "ja",
        "zh-TW",
        "ko",
    ]
)
_NAME = re.compile(r"[-_'\w\u0900-\u097f\u0e00-\u0e7f]{1,32}")


def check_commands(commands: list[Json]) -> Problems:
    """All commands of a place, as they are overwritten at once."""
    problems = Problems()
    for index, command in enumerate(commands):
        _command(problems, (index,), command)
    for (kind, name), n in Counter((command.get("type", 1), command.get("name")) for command in commands).items():
        if n > 1:
            problems.add((), "APPLICATION_COMMANDS_DUPLICATE_NAME", f"{n} commands of type {kind} named {name}")
    for kind, n in Counter(command.get("type", 1) for command in commands).items():
        if n > MOST.get(kind, 0):
            problems.add((), "APPLICATION_COMMANDS_TOO_MANY", f"{n} commands of type {kind}")
    return problems


def _command(problems: Problems, path: Path, command: Json) -> None:
    kind = command.get("type", CHAT_INPUT)
    problems.one_of((*path, "type"), kind, frozenset({1, 2, 3}))
    _texts(problems, path, command, chat=kind == CHAT_INPUT)
    for name, known in (("integration_types", {0, 1}), ("contexts", {0, 1, 2})):
        value = command.get(name)
        if value is not None and (not value or not set(value) <= known or len(set(value)) < len(value)):
            problems.add((*path, name), "BASE_TYPE_CHOICES", f"Not among {sorted(known)}: {value}")
    permissions = command.get("default_member_permissions")
    if permissions is not None and not str(permissions).isdecimal():
        problems.add((*path, "default_member_permissions"), "BASE_TYPE_BAD", f"Not a set of permissions: {permissions}")
    options = problems.objects((*path, "options"), command.get("options"))
    if kind != CHAT_INPUT and options:
        problems.add((*path, "options"), "BASE_TYPE_FORBIDDEN", "Only chat input has options")
    _options(problems, path, options)
    if (size := command_size(command)) > 8000:
        problems.add(path, "APPLICATION_COMMAND_TOO_LARGE", f"Must be at most 8000 characters in all: {size}")


def _texts(problems: Problems, path: Path, owner: Json, chat: bool) -> None:
    """Name and description, and both in all languages."""
    _locales(problems, path, owner)
    names = owner.get("name_localizations") or {}
    for place, name in (
        ("name", owner.get("name")),
        *((("name_localizations", at), text) for at, text in names.items()),
    ):
        where = (*path, place) if isinstance(place, str) else (*path, *place)
        problems.text(where, name, 1, 32)
        if chat and not (_NAME.fullmatch(str(name)) and str(name) == str(name).lower()):
            problems.add(where, "APPLICATION_COMMAND_INVALID_NAME", f"Command name is invalid: {name}")
    problems.text((*path, "description"), owner.get("description"), int(chat), 100 if chat else 0)
    for at, text in (owner.get("description_localizations") or {}).items():
        problems.text((*path, "description_localizations", at), text, 1, 100 if chat else 0)


def _locales(problems: Problems, path: Path, owner: Json) -> None:
    for name in ("name_localizations", "description_localizations"):
        for locale in set(owner.get(name) or {}) - LOCALES:
            problems.add((*path, name), "DICT_TYPE_UNKNOWN_KEY", f"Unknown locale {locale}")


def _options(problems: Problems, path: Path, options: list[Json], depth: int = 0) -> None:
    problems.size((*path, "options"), options, 0, 25)
    optional = False
    for index, option in enumerate(options):
        place = (*path, "options", index)
        _option(problems, place, option, depth)
        if option.get("required") and optional:
            problems.add(place, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options come before optional")
        optional |= not option.get("required")
    if len({option.get("name") for option in options}) < len(options):
        problems.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATED", "Names have to be unique")
    kinds = {option.get("type") in (SUBCOMMAND, GROUP) for option in options}
    if len(kinds) > 1:
        problems.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Subcommands stand alone")


def _option(problems: Problems, path: Path, option: Json, depth: int) -> None:
    problems.one_of((*path, "type"), option.get("type"), ALLOWED[depth])
    _texts(problems, path, option, chat=True)
    if option.get("type") in (SUBCOMMAND, GROUP):
        inside = problems.objects((*path, "options"), option.get("options"))
        _options(problems, path, inside, 2 if option["type"] == SUBCOMMAND else 1)
    else:
        _value_option(problems, path, option)


def _value_option(problems: Problems, path: Path, option: Json) -> None:
    choices = problems.objects((*path, "choices"), option.get("choices"))
    _choices(problems, path, choices, option.get("type"))
    if choices and option.get("autocomplete"):
        problems.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", "Not with choices")
    if option.get("autocomplete") and option.get("type") not in (STRING, INTEGER, NUMBER):
        problems.add((*path, "autocomplete"), "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_TYPE", "Not of this type")


def _value_type(kind: object) -> type | tuple[type, ...]:
    if kind == NUMBER:
        return (int, float)
    return int if kind == INTEGER else str


def _choices(problems: Problems, path: Path, choices: list[Json], kind: object) -> None:
    problems.size((*path, "choices"), choices, 0, 25)
    expected = _value_type(kind)
    for index, choice in enumerate(choices):
        place = (*path, "choices", index)
        _locales(problems, place, choice)
        for name in (choice.get("name"), *(choice.get("name_localizations") or {}).values()):
            problems.text((*place, "name"), name, 1, 100)
        if not isinstance(choice.get("value"), expected):
            problems.add((*place, "value"), "BASE_TYPE_BAD", f"Not of the option's type: {choice.get('value')!r}")
        elif isinstance(choice["value"], str):
            problems.text((*place, "value"), choice["value"], 1, 100)


def command_size(owner: Json) -> int:
    """Characters of everything that counts, of each text its longest localization."""
    size = 0
    for name in ("name", "description"):
        texts = [owner.get(name) or "", *(owner.get(f"{name}_localizations") or {}).values()]
        size += max(len(str(text)) for text in texts)
    size += len(owner["value"]) if isinstance(owner.get("value"), str) else 0
    return size + sum(command_size(each) for each in [*(owner.get("options") or []), *(owner.get("choices") or [])])
