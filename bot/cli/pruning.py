"""`mynah models prune`: make room on the disk."""

from __future__ import annotations

import typer


def prune(ctx: typer.Context) -> None:
    """Remove what is used least, until personas and posts are within their budget."""
    raise NotImplementedError
