"""Files that are read line by line: plain text and JSONL. Streamed; one line is in memory at a time."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import IO

from bot.errors import BadInput
from bot.sources.formats.encoding import text_file
from bot.sources.formats.reading import FORMATS, Meter, Metered
from bot.sources.posts import Broken, make_post, record_post
from bot.texts import Text
from trainer.corpus import Post

MAX_LINE = 1024 * 1024  # bytes

# First bytes, which may hold no NUL: of gzip (as Mastodon packed archives until 2023), bzip2, xz, 7z, rar; of PDF, PNG,
# JPEG.
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_BINARY = (b"%PDF-", b"\x89PNG", b"\xff\xd8\xff")


def plain_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """One post a line. Raises BadInput."""
    for number, line in text_lines(file, name, meter):
        if text := line.strip():
            try:
                yield make_post(text)
            except Broken as error:
                raise BadInput(_one_a_line(name, number, error.text)) from None


def jsonl_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """One JSON string or object a line. Raises BadInput, naming the line."""
    for number, line in text_lines(file, name, meter):
        if line.strip():
            yield _json_post(name, number, line.rstrip())


def _json_post(name: str, number: int, line: str) -> Post:
    wrong: str
    try:
        return record_post(json.loads(line))
    except json.JSONDecodeError as error:
        wrong = Text("this is not JSON ({error}, column {column})", error=error.msg, column=error.colno)
    except RecursionError:
        wrong = Text("it is nested too deeply")
    except Broken as error:
        wrong = error.text
    except ValueError as error:  # a number of thousands of digits
        wrong = str(error)
    raise BadInput(
        Text(
            '{name}, line {number}: {wrong}. Every line has to be like {{"text": "…"}}; fix this one or take it out.',
            name=name,
            number=number,
            wrong=wrong,
        )
    )


def text_lines(file: IO[bytes], name: str, meter: Meter) -> Iterator[tuple[int, str]]:
    """Numbered lines with their line ends, in whatever encoding. Raises BadInput for what isn't text."""
    stream, encoding = text_file(Metered(file, meter))
    number = 0
    while raw := stream.readline(MAX_LINE + 1):
        number += 1
        if number == 1:
            _check_start(raw, name)
            raw = raw.removeprefix(codecs.BOM_UTF8)
        if b"\0" in raw:
            raise BadInput(_binary(name))
        if len(raw) > MAX_LINE:
            raise BadInput(_one_a_line(name, number, Text("it is longer than 1 MiB")))
        yield number, _decoded(raw, encoding, name, number)


def _check_start(raw: bytes, name: str) -> None:
    if raw.startswith(_PACKED):
        raise BadInput(
            Text(
                "{name} looks like a binary file, packed in a way I don't read. Unpack it and give me what is in it: "
                "{formats}.",
                name=name,
                formats=FORMATS,
            )
        )
    if raw.startswith(_BINARY):
        raise BadInput(_binary(name))


def _binary(name: str) -> Text:
    return Text("{name} looks like a binary file. Give me {formats}.", name=name, formats=FORMATS)


def _one_a_line(name: str, number: int, wrong: Text) -> Text:
    return Text("{name}, line {number}: {wrong}. Write one post a line.", name=name, number=number, wrong=wrong)


def _decoded(raw: bytes, encoding: str, name: str, number: int) -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        raise BadInput(
            Text(
                "{name}, line {number}: this is not {encoding} text. Save the file as UTF-8 and try again.",
                name=name,
                number=number,
                encoding=encoding.upper(),
            )
        ) from None
