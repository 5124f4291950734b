"""How a database is opened for reading only. Imports nothing: shell completion is in a hurry."""

from __future__ import annotations

from pathlib import Path


def read_only_uri(path: Path) -> str:
    """Of a database at rest nothing is made beside it: such files would belong to whoever reads, not to the bot."""
    at_rest = not path.with_name(f"{path.name}-wal").exists()
    return f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if at_rest else ''}"
