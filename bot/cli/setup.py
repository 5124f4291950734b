"""`mynah init` and `mynah doctor`: from nothing to a bot that runs, and what is wrong where it doesn't."""

from __future__ import annotations

import typer


def init(ctx: typer.Context) -> None:
    """Ask for tokens and folders, check them, and write a settings file."""
    raise NotImplementedError


def doctor(ctx: typer.Context) -> None:
    """Check everything that Mynah needs, and say how to mend what is wrong."""
    raise NotImplementedError
