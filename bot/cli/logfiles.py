"""The logs of the bot and its workers as one: entries from several files, by their time."""

from __future__ import annotations

import heapq
import json
import mmap
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO

from bot.errors import OperatorError
from trainer.logfile import backup

PARTS = ("bot", "serve", "train", "convert")
ABOUT = ("timestamp", "level", "request_id", "job_id")
LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass
class Entry:
    """One line of a log, and what came after it that is none: tracebacks of libraries, for example."""

    part: str
    line: dict[str, Any]
    below: list[str] = field(default_factory=list)

    @property
    def time(self) -> str:
        """UTC, ISO: sorts as a text does."""
        return str(self.line.get("timestamp", ""))

    @property
    def rank(self) -> int:
        """How grave, from 0; what isn't a line of the log says that something went wrong."""
        level = self.line.get("level")
        rank = LEVELS.index(level) if level in LEVELS else 1
        return max(rank, LEVELS.index("warning")) if self.below else rank


@dataclass
class Tail:
    """A log from here on, also when it becomes the one before and another takes its place.

    What is no line of the log, and comes later than the one before, is an entry that is about the same.
    """

    part: str
    path: Path
    file: BinaryIO | None = None
    _half: bytes = b""
    _about: dict[str, Any] = field(default_factory=dict)

    def read(self) -> Iterator[Entry]:
        """What is new."""
        yield from self._new()
        if self._moved():
            yield from self._new()  # what came before it was moved, and after we had read
            self.close()
            self.file = _opened(self.path)
            yield from self._new()

    def _new(self) -> Iterator[Entry]:
        if self.file is None:
            return
        *lines, self._half = (self._half + self.file.read()).split(b"\n")
        entry: Entry | None = None
        for line in filter(None, lines):
            known = _parsed(line)
            if known is None and entry is not None:
                entry.below.append(_text(line))
                continue
            if entry is not None:
                yield entry
            if known is not None:
                self._about = {name: known[name] for name in ABOUT if name in known}
            entry = Entry(self.part, known or {**self._about, "event": _text(line)})
        if entry is not None:
            yield entry

    def _moved(self) -> bool:
        try:
            return self.file is None or not os.path.samestat(os.fstat(self.file.fileno()), self.path.stat())
        except OSError:
            return False

    def close(self) -> None:
        if self.file is not None:
            self.file.close()
        self.file, self._half = None, b""


@contextmanager
def tails(folder: Path, parts: Iterable[str]) -> Iterator[list[Tail]]:
    """All that there is in the files is before them."""
    made = [Tail(part, folder / f"{part}.log") for part in parts]
    for tail in made:
        if (file := _opened(tail.path)) is not None:
            file.seek(0, os.SEEK_END)
            tail.file = file
    try:
        yield made
    finally:
        for tail in made:
            tail.close()


@contextmanager
def latest_first(tails: Iterable[Tail]) -> Iterator[Iterator[Entry]]:
    """The entries before the tails, from the end; no more of the files is read than is asked for."""
    with ExitStack() as stack:
        streams = [_backwards(tail.part, list(_maps(stack, tail))) for tail in tails]
        yield heapq.merge(*streams, key=attrgetter("time"), reverse=True)


def fresh(tails: Iterable[Tail]) -> list[Entry]:
    """What all have to tell since the last time."""
    return sorted((entry for tail in tails for entry in tail.read()), key=attrgetter("time"))


def _maps(stack: ExitStack, tail: Tail) -> Iterator[mmap.mmap]:
    """The file up to where the tail begins, and the one before it; not the same one twice."""
    before = _opened(backup(tail.path))
    if before is not None:
        stack.callback(before.close)
    for file in (tail.file, before):
        if file is None or (file is before and tail.file is not None and _same(file, tail.file)):
            continue
        size = file.tell() if file is tail.file else os.fstat(file.fileno()).st_size
        if size:
            yield stack.enter_context(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ))


def _backwards(part: str, maps: Iterable[mmap.mmap]) -> Iterator[Entry]:
    """Lines that come before any of the log, such as those of older versions, are entries of their own."""
    below: list[str] = []
    later = ""
    for line in (line for each in maps for line in _lines_backwards(each)):
        known = _parsed(line)
        if known is None:
            below.append(_text(line))
            continue
        yield (entry := Entry(part, known, below[::-1]))
        below, later = [], entry.time
    yield from (Entry(part, {"timestamp": later, "event": text}) for text in below)


def _lines_backwards(content: mmap.mmap) -> Iterator[bytes]:
    end = len(content)
    while end > 0:
        start = content.rfind(b"\n", 0, end) + 1
        if start < end:
            yield content[start:end]
        end = start - 1


def _parsed(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        known = json.loads(line)
    except ValueError:  # half a line, from a full disk
        return None
    return known if isinstance(known, dict) and "timestamp" in known else None


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _opened(path: Path) -> BinaryIO | None:
    """None: it isn't there. Raises OperatorError."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OperatorError(
            f"The log {path} can't be read ({error.strerror}). Mend the owner or the mode of it and of its folder."
        ) from error


def _same(one: BinaryIO, other: BinaryIO) -> bool:
    return os.path.samestat(os.fstat(one.fileno()), os.fstat(other.fileno()))
