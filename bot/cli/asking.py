"""Asking before something is deleted."""

from __future__ import annotations

import sys

import typer

from bot.cli.shared import STOPPED
from bot.errors import BadInput


def sure(question: str, yes: bool) -> bool:
    """`yes`: it was said beforehand. Raises BadInput where nobody can be asked; Ctrl-C or Ctrl-D ends the command."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise BadInput(f"{question} Nobody is here to answer, so nothing was done. To agree beforehand: --yes")
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:
        print("\nStopped. Nothing was changed.", file=sys.stderr)
        raise typer.Exit(STOPPED) from None
