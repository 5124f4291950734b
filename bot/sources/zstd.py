"""Posts on disk: JSONL under zstandard, one post a line. `zstd -dc FILE` shows them."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import zstandard

from bot.sources.posts import record_post
from trainer.corpus import Post

LEVEL = 10
MAX_WINDOW = 1 << 27  # bytes: what reading a file may take, whoever wrote it; zstd's own default for decoding


def write_posts(path: Path, posts: Iterable[Post]) -> None:
    """Whole or not at all, whenever this is interrupted. Raises OSError."""
    write_file(path, _frame(posts))


def append_posts(path: Path, posts: Iterable[Post]) -> None:
    """As a frame of its own; one that a kill cuts short is passed over when reading. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(_frame(posts))
        file.flush()
        os.fsync(file.fileno())


def read_posts(path: Path) -> Iterator[Post]:
    """None where there is no file. Ends where it is damaged, after the last frame that is whole."""
    try:
        data = path.read_bytes()
        while data:
            frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
            lines = frame.decompress(data).splitlines()
            if not frame.eof:
                return
            yield from map(kept_post, lines)
            data = frame.unused_data
    except (FileNotFoundError, zstandard.ZstdError, ValueError):
        return


class Readable(Protocol):
    def read(self, size: int) -> bytes: ...


def kept_post(line: bytes) -> Post:
    """One that was written here. Raises ValueError, Broken among them."""
    record = json.loads(line)
    post = record_post(record)
    return replace(post, is_retweet=record.get("is_retweet") is True)  # not by its text: it may begin with "RT @"


def open_stream(file: Readable) -> io.BufferedReader:
    """The JSONL in such a file. Reading it raises zstandard.ZstdError where it is damaged."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    return io.BufferedReader(decompressor.stream_reader(file, read_across_frames=True))  # type: ignore[arg-type]


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _frame(posts: Iterable[Post]) -> bytes:
    text = "".join(map(_line, posts)).encode("utf-8", "replace")
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(text)


def _line(post: Post) -> str:
    known = {
        "id": post.id,
        "is_retweet": post.is_retweet,
        "created_at": post.created_at.isoformat() if post.created_at else None,
        "lang": post.language,
    }
    record = {"text": post.text, **{key: value for key, value in known.items() if value}}
    return json.dumps(record, ensure_ascii=False) + "\n"
