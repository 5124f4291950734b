"""`mynah train`"""

from __future__ import annotations

import typer


def train(ctx: typer.Context) -> None:
    """Learn an account's voice."""
    raise NotImplementedError
