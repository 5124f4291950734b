"""`mynah say`"""

from __future__ import annotations

import typer


def say(ctx: typer.Context) -> None:
    """Finish a sentence in a persona's voice."""
    raise NotImplementedError
