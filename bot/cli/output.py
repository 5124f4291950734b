"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence

JSON_HELP = "As JSON, for programs."


def show_json(value: object) -> None:
    """Dataclasses, models, times and paths too; secrets stay masked."""
    from pydantic_core import to_json

    print(to_json(value, indent=2).decode())


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], elastic: int = 0) -> None:
    """At most as wide as the terminal, or 80 columns on a pipe: then the column `elastic` is cut. Numbers flush right.

    No colour on a pipe, nor with NO_COLOR.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, name in enumerate(columns):
        right = bool(rows) and all(_is_number(row[number]) for row in rows)
        cut = number == elastic
        table.add_column(
            name,
            justify="right" if right else "left",
            no_wrap=True,
            overflow="ellipsis",
            min_width=4 if cut else None,
            max_width=None if cut else max(len(name), *(len(row[number]) for row in rows), 1),
        )
    for row in rows:
        table.add_row(*map(Text, row))  # names are not rich's markup
    Console(highlight=False).print(table)


def _is_number(cell: str) -> bool:
    return cell in {"", "–"} or cell.replace(",", "").replace(".", "").rstrip("%").isdigit()
