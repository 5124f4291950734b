"""Reading a file of posts in a thread: progress, cancellation, and a file's troubles in plain words."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bot.errors import BadInput, NotFound
from bot.ports import FetchProgress
from bot.sources.latest import latest
from bot.texts import Text
from trainer.corpus import Post

FORMATS = Text("an X archive (the zip, or its tweets.js), JSONL, a JSON list, CSV, or plain text with one post a line")
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


async def fetch_file(path: Path, reader: Reader, limit: int, progress: FetchProgress) -> list[Post]:
    """A file's latest `limit` posts, read in a thread. Cancelling ends the thread at its next read.

    Raises NotFound, or BadInput when the file can't be read or has no posts.
    """
    meter = Meter(progress)
    try:
        return await asyncio.to_thread(_read, path, reader, limit, meter)
    finally:
        meter.stop()


def _read(path: Path, reader: Reader, limit: int, meter: Meter) -> list[Post]:
    check_file(path)
    with explained(path), path.open("rb") as file:
        meter.start(os.fstat(file.fileno()).st_size)
        posts = latest(reader(file, path.name, meter), limit)
    if not posts:
        raise BadInput(Text("There are no posts in {name}. Give me {formats}.", name=path.name, formats=FORMATS))
    meter.finish()
    return posts


def check_file(path: Path) -> None:
    """Raise NotFound or BadInput unless this is a regular file that can be read and isn't empty."""
    with explained(path):
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise BadInput(
                Text(
                    "{path} is a folder. Name a file in it; in an unpacked X archive that is data/tweets.js.", path=path
                )
            )
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(Text("{path} is not an ordinary file. Copy the posts into one and name that.", path=path))
        if not status.st_size:
            raise BadInput(
                Text("{path} is empty. Name a file with posts in it: {formats}.", path=path, formats=FORMATS)
            )
        path.open("rb").close()


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """The system's errors about a file, as sentences for the person who named it."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(
            Text("There is no file {path}. Check the spelling, and give the whole path.", path=path)
        ) from None
    except PermissionError:
        raise BadInput(
            Text("I'm not allowed to read {path}. Make it readable for the user that Mynah runs as.", path=path)
        ) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise BadInput(
            Text("{path} can't be read ({reason}). Copy it somewhere else and name the copy.", path=path, reason=reason)
        ) from error
