"""Files that somebody else has written: what is refused, and how JSON of theirs is read. No torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MOST_JSON_BYTES = 64 * 1024 * 1024  # a vocabulary of a million tokens
ASK = "Choose another model, or ask who has published it."


class Refused(Exception):
    """A published model can't be a persona here. The message is for the person, and says what to do."""


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; an empty one where there is no such file. Raises Refused or OSError."""
    if not path.is_file():
        return {}
    if path.stat().st_size > MOST_JSON_BYTES:
        raise Refused(f"Its {path.name} is too large to be one. {ASK}")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise Refused(f"Its {path.name} is not JSON. {ASK}") from error
    if not isinstance(found, dict):
        raise Refused(f"Its {path.name} has no object in it. {ASK}")
    return found


def first_line(error: BaseException) -> str:
    """What a library says of somebody's files, without a full stop."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .:")[:300]
