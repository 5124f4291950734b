"""CSV: the text's column is found by its name. Streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from bot.errors import BadInput
from bot.sources.lines import text_lines
from bot.sources.posts import Broken, make_post
from bot.sources.reading import Meter
from bot.texts import Text
from trainer.corpus import Post

_TEXT = ("full_text", "text", "tweet", "post", "content", "body", "message")
_RETWEET = ("is_retweet", "isretweet", "retweet")
_CREATED = ("created_at", "created", "date", "datetime", "timestamp", "time")
_DELIMITERS = (",", ";", "\t")  # spreadsheets write the second where a comma is the decimal point


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things are in a row. `alone`: a single column, whose unquoted delimiters belong to the text."""

    delimiter: str
    has_header: bool
    text: int = 0
    retweet: int | None = None
    created: int | None = None
    alone: bool = False


def csv_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """A post a row. Without a header, only a file of one column is understood. Raises BadInput, naming the line."""
    lines = text_lines(file, name, meter)
    number, first = next(((number, line) for number, line in lines if line.strip()), (1, ""))
    columns = _find_columns(first, name)
    text = chain([first], (line for _, line in lines))
    rows = csv.reader(text, delimiter=columns.delimiter, strict=True)
    try:
        if columns.has_header:
            next(rows)
        yield from (_post(row, columns) for row in rows if any(row))
    except (Broken, csv.Error) as error:
        wrong = error.text if isinstance(error, Broken) else str(error)
        raise BadInput(_broken_row(name, number - 1 + rows.line_num, wrong)) from None


def _broken_row(name: str, number: int, wrong: str) -> Text:
    return Text(
        "{name}, line {number}: {wrong}. Look for a quotation mark that is never closed, or save as JSONL.",
        name=name,
        number=number,
        wrong=wrong,
    )


def _post(row: list[str], columns: _Columns) -> Post:
    if columns.alone:
        return make_post(columns.delimiter.join(row))
    if len(row) <= columns.text:
        raise Broken(
            Text("the text should be in column {column}, and this row has {n}", column=columns.text + 1, n=len(row))
        )
    return make_post(row[columns.text], _cell(row, columns.retweet), _cell(row, columns.created))


def _cell(row: list[str], column: int | None) -> str | None:
    return row[column] if column is not None and column < len(row) else None


def _find_columns(first: str, name: str) -> _Columns:
    """Raises BadInput when no column of several has a known name."""
    for delimiter in _DELIMITERS:
        names = _cells(first, delimiter)
        text = _index(names, _TEXT)
        if text is not None:
            retweet, created = _index(names, _RETWEET), _index(names, _CREATED)
            return _Columns(delimiter, True, text, retweet, created, alone=len(names) == 1)
    if all(len(_cells(first, delimiter)) <= 1 for delimiter in _DELIMITERS):
        return _Columns(",", has_header=False, alone=True)
    found = max((_cells(first, delimiter) for delimiter in _DELIMITERS), key=lambda cells: len(cells))
    raise BadInput(_no_text_column(name, found))


def _no_text_column(name: str, found: Sequence[str]) -> Text:
    return Text(
        "I can't tell which column of {name} has the posts. Its first row is: {found}. Give the column one of these "
        "names: {wanted}. If the file has one post a line and no columns, name it .txt.",
        name=name,
        found=", ".join(found)[:300],
        wanted=", ".join(_TEXT),
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip().lower() for row in csv.reader([line], delimiter=delimiter) for cell in row]
    except csv.Error:  # a first line too long to be a header
        return []


def _index(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
