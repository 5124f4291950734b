"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import os
from collections.abc import Sequence

JSON_HELP = "As JSON, for programs."
GAP, MIN_CELLS = 2, 6


def show_json(value: object) -> None:
    """Dataclasses, models, times and paths too; secrets stay masked."""
    from pydantic_core import to_json

    print(to_json(value, indent=2).decode())


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], elastic: int = 0) -> None:
    """At most as wide as the terminal: then the column `elastic` is cut. A pipe gets all of it. Numbers flush right.

    No colour on a pipe, nor with NO_COLOR. rich knows widths and terminals; its own tables take ten times as long.
    """
    from rich.cells import cell_len, set_cell_size
    from rich.console import Console

    console = Console(highlight=False)
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(columns, *rows, strict=True)]
    spare = console.width - GAP * (len(widths) - 1) - sum(widths)
    if console.is_terminal or "COLUMNS" in os.environ:
        widths[elastic] = min(widths[elastic], max(MIN_CELLS, widths[elastic] + spare))
    right = [bool(rows) and all(_is_number(row[number]) for row in rows) for number in range(len(columns))]

    def line(cells: Sequence[str]) -> str:
        fitted = []
        for cell, width, flush in zip(cells, widths, right, strict=True):
            text = cell if cell_len(cell) <= width else set_cell_size(cell, width - 1) + "…"
            padding = " " * (width - cell_len(text))
            fitted.append(padding + text if flush else text + padding)
        return (" " * GAP).join(fitted).rstrip()

    console.print(line(columns), style="bold", markup=False, soft_wrap=True)
    console.print("─" * (sum(widths) + GAP * (len(widths) - 1)), soft_wrap=True)
    if rows:
        print("\n".join(map(line, rows)))


def printable(cell: str) -> str:
    """What people have typed may hold a terminal's commands."""
    return "".join(character if character.isprintable() else " " for character in cell)


def _is_number(cell: str) -> bool:
    return cell in {"", "–"} or cell.replace(",", "").replace(".", "").rstrip("%").isdigit()
