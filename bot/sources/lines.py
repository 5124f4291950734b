"""Files that are read line by line: plain text and JSONL. Streamed; one line is in memory at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO

from bot.errors import BadInput
from bot.sources.posts import Broken, make_post, record_post
from bot.sources.reading import FORMATS, Meter, Metered
from trainer.corpus import Post

MAX_LINE = 1024 * 1024  # bytes

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# gzip, bzip2, xz, 7z, rar, PDF, PNG, JPEG: their first bytes may hold no NUL.
_BINARY = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"%PDF-", b"\x89PNG", b"\xff\xd8\xff")


def plain_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """One post a line. Raises BadInput."""
    for number, line in text_lines(file, name, meter):
        if text := line.strip():
            try:
                yield make_post(text)
            except Broken as error:
                raise BadInput(f"{name}, line {number}: {error}. Write one post a line.") from None


def jsonl_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """One JSON string or object a line. Raises BadInput, naming the line."""
    for number, line in text_lines(file, name, meter):
        if line.strip():
            yield _json_post(f"{name}, line {number}", line.rstrip())


def _json_post(place: str, line: str) -> Post:
    try:
        return record_post(json.loads(line))
    except json.JSONDecodeError as error:
        wrong = f"this is not JSON ({error.msg}, column {error.colno})"
    except RecursionError:
        wrong = "it is nested too deeply"
    except ValueError as error:  # Broken, or a number of thousands of digits
        wrong = str(error)
    raise BadInput(f'{place}: {wrong}. Every line has to be like {{"text": "…"}}; fix this one or take it out.')


def text_lines(file: IO[bytes], name: str, meter: Meter) -> Iterator[tuple[int, str]]:
    """Numbered lines of UTF-8 text with their line ends, a BOM removed. Raises BadInput for anything else."""
    stream = Metered(file, meter)
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            _check_start(raw, name)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if b"\0" in raw:
            raise BadInput(_binary(name))
        if len(raw) > MAX_LINE:
            raise BadInput(f"{name}, line {number}: it is longer than 1 MiB. Write one post a line.")
        yield number, _decoded(raw, f"{name}, line {number}")


def _check_start(raw: bytes, name: str) -> None:
    if raw.startswith(_UTF16):
        raise BadInput(f"{name} is UTF-16 text. Save it as UTF-8 and try again.")
    if raw.startswith(_BINARY):
        raise BadInput(_binary(name))


def _binary(name: str) -> str:
    return f"{name} looks like a binary file. Give me {FORMATS}."


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput(f"{place}: this is not UTF-8 text. Save the file as UTF-8 and try again.") from None
