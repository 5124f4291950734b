"""How a database is opened for reading only. Imports nothing: shell completion is in a hurry."""

from __future__ import annotations

from pathlib import Path

UNLOCKED = "&immutable=1"


def read_only_uri(path: Path) -> str:
    """Of a database at rest nothing is made beside it: such files would belong to whoever reads, not to the bot.

    So nothing is locked, either: who reads it while somebody begins to write may see half of that.
    """
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{UNLOCKED if at_rest else ''}"
