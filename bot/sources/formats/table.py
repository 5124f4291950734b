"""CSV: the text's column is found by its name, or named by the person. Streamed."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from bot.errors import BadInput
from bot.sources.formats.lines import text_lines
from bot.sources.formats.paths import printable
from bot.sources.formats.reading import Meter
from bot.sources.posts import Broken, make_post
from bot.texts import Text
from trainer.corpus import Post

_TEXT = ("full_text", "text", "tweet", "post", "content", "body", "message")
_RETWEET = ("is_retweet", "isretweet", "retweet")
_CREATED = ("created_at", "created", "date", "datetime", "timestamp", "time")
_ID = ("id_str", "tweet_id", "status_id", "id")
_LANGUAGE = ("lang", "language")
_DELIMITERS = (",", ";", "\t")  # spreadsheets write the second where a comma is the decimal point


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where things are in a row. `alone`: a single column, whose unquoted delimiters belong to the text."""

    delimiter: str
    has_header: bool
    text: int = 0
    retweet: int | None = None
    created: int | None = None
    post_id: int | None = None
    language: int | None = None
    alone: bool = False


def csv_posts(file: IO[bytes], name: str, meter: Meter, part: str | None = None) -> Iterator[Post]:
    """A post a row. Raises BadInput, naming the line.

    `part`: the column with the text, by its name or its number from 1. Without it, and without a name that is known,
    only a file of one column is understood.
    """
    lines = text_lines(file, name, meter)
    number, first = next(((number, line) for number, line in lines if line.strip()), (1, ""))
    columns = _find_columns(first, name, part)
    text = chain([first], (line for _, line in lines))
    rows = csv.reader(text, delimiter=columns.delimiter, strict=True)
    try:
        if columns.has_header:
            next(rows)
        yield from (_post(row, columns) for row in rows if any(row))
    except (Broken, csv.Error) as error:
        wrong = error.text if isinstance(error, Broken) else str(error).replace("\t", "\\t")
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
    cells = (columns.retweet, columns.created, columns.post_id, columns.language)
    return make_post(row[columns.text], *(_cell(row, column) for column in cells))


def _cell(row: list[str], column: int | None) -> str | None:
    return row[column] if column is not None and column < len(row) else None


def _find_columns(first: str, name: str, part: str | None) -> _Columns:
    """Raises BadInput when there is no such column, or none that has the text."""
    tables = [(delimiter, _cells(first, delimiter)) for delimiter in _DELIMITERS]
    for delimiter, names in tables:
        text = _index(names, _TEXT) if part is None else _index(names, (part.strip().lower(),))
        if text is not None:
            return _header(delimiter, names, text)
    delimiter, names = max(tables, key=lambda table: len(table[1]))
    if part is None and len(names) <= 1:
        return _Columns(",", has_header=False, alone=True)
    number = next((n for n in range(1, len(names) + 1) if part is not None and part.strip() == str(n)), None)
    if number is not None:
        return _numbered(delimiter, names, number - 1)
    raise BadInput(_no_text_column(name, names) if part is None else _no_such_column(name, names, part))


def _header(delimiter: str, names: Sequence[str], text: int) -> _Columns:
    return _Columns(
        delimiter,
        True,
        text,
        retweet=_index(names, _RETWEET),
        created=_index(names, _CREATED),
        post_id=_index(names, _ID),
        language=_index(names, _LANGUAGE),
        alone=len(names) == 1,
    )


def _numbered(delimiter: str, names: Sequence[str], text: int) -> _Columns:
    """The first row is a header if any name in it is known."""
    if _index(names, (*_TEXT, *_RETWEET, *_CREATED, *_ID, *_LANGUAGE)) is not None:
        return _header(delimiter, names, text)
    return _Columns(delimiter, has_header=False, text=text, alone=len(names) == 1)


def _no_text_column(name: str, found: Sequence[str]) -> Text:
    return Text(
        "I can't tell which column of {name} has the posts. Its first row is: {found}. Name the column or its number: "
        "with --column NAME in a terminal, as the option “column” on Discord, on Telegram with /train @name --column "
        "NAME as the caption. Or give the column one of these names: {wanted}. If the file has one post a line and no "
        "columns, name it .txt.",
        name=name,
        found=printable(", ".join(found)[:300]),
        wanted=", ".join(_TEXT),
    )


def _no_such_column(name: str, found: Sequence[str], part: str) -> Text:
    return Text(
        "{name} has no column {part}. Its columns are: {found}. Name one of these, or its number from 1.",
        name=name,
        part=printable(part[:100]),
        found=printable(", ".join(found)[:300]),
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip().lower() for row in csv.reader([line], delimiter=delimiter) for cell in row]
    except csv.Error:  # a first line too long to be a header
        return []


def _index(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)
