"""A log file that several processes append to, and that makes room for a new one when it is full."""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}


class LogFile(logging.Handler):
    """Lines at the end of a file that only its owner reads; with `limit` bytes it becomes the one before, `<name>.1`.

    `streams`: descriptors that are the file as well, such as stderr's. What a full disk doesn't take is lost without
    a word. Raises OSError when the file can't be opened for another reason.
    """

    def __init__(self, path: Path, limit: int, streams: Sequence[int] = ()) -> None:
        super().__init__()
        self.path, self.limit, self.streams = path, limit, streams
        self._file = -1
        self._torn = False  # the last line came to its middle
        try:
            self._file = self._open()
        except OSError as error:
            if error.errno not in FULL:
                raise

    def _open(self) -> int:
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _is_regular(os.fstat(file)):  # and not /dev/stdout, for example
            with suppress(OSError):
                os.fchmod(file, 0o600)
        for stream in self.streams:
            os.dup2(file, stream)
        return file

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).encode("utf-8", "backslashreplace") + b"\n"
            self._make_way(len(line))
            line = b"\n" * self._torn + line
            self._torn = os.write(self._file, line) < len(line)
        except OSError:
            pass
        except Exception:
            self.handleError(record)

    def _make_way(self, n_bytes: int) -> None:
        """Another process may have moved the file; others than handlers, such as libraries in C, may have filled it."""
        if self._file < 0:
            self._file = self._open()
        own = os.fstat(self._file)
        moved = not self._is_here(own)
        if not moved and _is_regular(own) and 0 < own.st_size > self.limit - n_bytes:
            self._move(own)
            moved = True
        if moved:
            old, self._file = self._file, self._open()
            os.close(old)

    def _move(self, own: os.stat_result) -> None:
        """One process does it: a second one would put the new file in the place of the one before."""
        with suppress(OSError):  # a file system without locks
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if self._is_here(own):
                os.replace(self.path, backup(self.path))
        finally:
            with suppress(OSError):
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _is_here(self, own: os.stat_result) -> bool:
        try:
            return os.path.samestat(own, os.stat(self.path))
        except FileNotFoundError:
            return False

    def close(self) -> None:
        self.acquire()
        file, self._file = self._file, -1
        self.release()
        if file >= 0:
            os.close(file)
        super().close()


def backup(path: Path) -> Path:
    """The file before this one."""
    return path.with_name(f"{path.name}.1")


def _is_regular(file: os.stat_result) -> bool:
    return stat.S_ISREG(file.st_mode)
