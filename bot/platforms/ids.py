"""What a button carries in its id: an action, and what it is about. Pure; ids outlive restarts.

They are short: Discord takes 100 characters, Telegram 64 bytes.
"""

from __future__ import annotations

import hashlib
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
    return "~" + hashlib.sha256(persona.encode()).hexdigest()[:_DIGITS]


def named(text: str, known: Iterable[str]) -> str:
    """The persona that a reference means; one that isn't known (any more) stays as it is."""
    return next((name for name in known if reference(name) == text), text)
