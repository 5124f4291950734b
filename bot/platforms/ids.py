"""What a button carries in its id: an action, and what it is about. Pure; ids outlive restarts.

They are short: Discord takes 100 characters, Telegram 64 bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

PREFIX = "mynah"
PATTERN = rf"{PREFIX}:(?P<action>[a-z]+):(?P<about>.*)"
_LONGEST = 40  # of a persona's name in there
_DIGITS = 16


def custom_id(action: str, *about: object) -> str:
    return ":".join([PREFIX, action, *map(str, about)])


def reference(persona: str) -> str:
    """A persona's name, or a digest of a long one."""
    if len(persona) <= _LONGEST:
        return persona
    return f"~{_digest(persona)}"


def link_name(persona: str) -> str:
    """As links may hold it: letters, digits, _ and - (Telegram: 64 of them, with what is before)."""
    return persona if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", persona) else _digest(persona)


def named(text: str, known: Iterable[str]) -> str:
    """The persona that a reference or a link means; one that isn't known (any more) stays as it is."""
    return next((name for name in known if text in {reference(name), link_name(name)}), text)


def _digest(persona: str) -> str:
    return hashlib.sha256(persona.encode()).hexdigest()[:_DIGITS]
