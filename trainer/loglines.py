"""A line of a log, as people read it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

COLOURS = {"debug": "2", "info": "32", "warning": "33", "error": "31", "critical": "31;1"}  # of ANSI terminals
OTHERS = {"timestamp", "level", "logger", "event", "exception", "stack", "role", "pid", "part"}


def for_people(line: Mapping[str, object], place: str, colour: bool) -> str:
    """When, how grave, where, what, and what else is known; a traceback below. `place`: such as a logger's name."""
    level = harmless(str(line.get("level", "info")))
    when = harmless(str(line.get("timestamp", ""))).replace("T", " ")
    others = [(name, value) for name, value in line.items() if name not in OTHERS and value is not None]
    known = [f"{_value(name)}={_value(value)}" for name, value in others]
    parts = [
        _painted(when, "2", colour),
        _painted(f"{level:<7}", COLOURS.get(level, "0"), colour),
        _painted(place, "36", colour),
        "\n    ".join(harmless(str(line.get("event", ""))).splitlines()),
        _painted("  ".join(known), "2", colour),
    ]
    below = "\n".join(harmless(str(line[name])) for name in ("exception", "stack") if line.get(name))
    return "  ".join(part for part in parts if part) + (f"\n{below}" if below else "")


def harmless(text: str) -> str:
    """Nothing in it can steer a terminal; lines and tabs stay."""
    return "".join(one if one.isprintable() or one in "\n\t" else one.encode("unicode_escape").decode() for one in text)


def _value(value: object) -> str:
    text = str(value)
    return text if text.isprintable() and text and " " not in text else repr(value)


def _painted(text: str, code: str, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour and text else text
