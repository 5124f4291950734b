"""Reading posts in a thread: progress, cancellation, and what can be read at all."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bot.errors import BadInput, UserError
from bot.ports import FetchProgress
from bot.sources.formats.paths import explained, printable, shown
from bot.sources.latest import latest
from bot.texts import Text
from trainer.corpus import Post

FORMATS = Text(
    "an X archive (the zip, or its tweets.js), a Mastodon archive, a JSON export of Telegram Desktop, JSONL, "
    "a JSON list, CSV, or plain text with one post a line"
)
_MIN_STEP = 64 * 1024


class Stopped(Exception):
    """The task that asked for the posts was cancelled. Ends the thread; nobody sees it."""


class Meter:
    """How far one reading is. The thread advances it; the task may stop it."""

    def __init__(self, progress: FetchProgress) -> None:
        self.done = 0
        self.total = 0
        self._progress = progress
        self._reported = 0
        self._stopped = threading.Event()

    def start(self, total: int) -> None:
        self.total = total

    def advance(self, n_bytes: int) -> None:
        """Count bytes read; report about a hundred times a file. Raises Stopped."""
        if self._stopped.is_set():
            raise Stopped
        self.done += n_bytes
        done = min(self.done, self.total)  # the total of a zip is what its headers claim
        if done - self._reported >= max(_MIN_STEP, self.total // 100):
            self._reported = done
            self._progress(done, self.total)

    def finish(self) -> None:
        self.advance(0)
        self._progress(self.total, self.total)

    def stop(self) -> None:
        self._stopped.set()


class Metered:
    """A binary file whose reads advance a meter."""

    def __init__(self, file: IO[bytes], meter: Meter) -> None:
        self._file = file
        self._meter = meter

    def read(self, size: int) -> bytes:
        return self._counted(self._file.read(size))

    def readline(self, size: int) -> bytes:
        return self._counted(self._file.readline(size))

    def _counted(self, data: bytes) -> bytes:
        self._meter.advance(len(data))
        return data


Reader = Callable[[IO[bytes], str, Meter], Iterator[Post]]
"""Yields the posts of an open file; the string names the file in messages. Raises BadInput."""

PathReader = Callable[[Path, Meter], Iterator[Post]]
"""Yields the posts of a file or folder, and starts the meter. Raises BadInput or OSError."""


async def fetch_file(path: Path, reader: Reader, limit: int, progress: FetchProgress) -> list[Post]:
    """`fetch_path` for one file of a known format."""

    def posts(path: Path, meter: Meter) -> Iterator[Post]:
        with opened(path, meter) as file:
            yield from reader(file, shown(path), meter)

    return await fetch_path(path, posts, limit, progress)


async def fetch_path(path: Path, reader: PathReader, limit: int, progress: FetchProgress) -> list[Post]:
    """The latest `limit` posts of a file or folder, read in a thread. Cancelling ends the thread at its next read.

    Raises NotFound, or BadInput when it can't be read or has no posts.
    """
    meter = Meter(progress)
    try:
        return await asyncio.to_thread(_read, path, reader, limit, meter)
    finally:
        meter.stop()


def _read(path: Path, reader: PathReader, limit: int, meter: Meter) -> list[Post]:
    check_file(path)
    with explained(path):
        posts = latest(reader(path, meter), limit)
    if not posts:
        raise BadInput(Text("There are no posts in {name}. Give me {formats}.", name=shown(path), formats=FORMATS))
    meter.finish()
    return posts


@contextmanager
def opened(path: Path, meter: Meter) -> Iterator[IO[bytes]]:
    """A file and its size told to the meter. Raises OSError."""
    with path.open("rb") as file:
        meter.start(os.fstat(file.fileno()).st_size)
        yield file


def check_file(path: Path) -> None:
    """Raise NotFound or BadInput unless this can be read and is a folder, or a regular file that isn't empty."""
    with explained(path):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            os.scandir(path).close()
            return
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(
                Text(
                    "{path} is not an ordinary file. Copy the posts into one and name that.", path=printable(str(path))
                )
            )
        if not status.st_size:
            raise BadInput(
                Text(
                    "{path} is empty. Name a file with posts in it: {formats}.",
                    path=printable(str(path)),
                    formats=FORMATS,
                )
            )
        path.open("rb").close()


async def or_none(reading: Awaitable[list[Post]]) -> list[Post]:
    """What is read, or nothing where it can't be."""
    try:
        return await reading
    except UserError:
        return []
