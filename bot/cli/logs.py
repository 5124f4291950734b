"""`mynah logs`"""

from __future__ import annotations

import typer


def logs(ctx: typer.Context) -> None:
    """What the bot and its workers have written down."""
    raise NotImplementedError
