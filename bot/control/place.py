"""Where the control socket is: in the data folder, for its owner alone."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST = 100  # bytes of a socket's path: the system's address has room for about 104


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name for the path that fits into a socket's address. Raises OSError where there is none, or no folder."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    if sys.platform != "linux":
        raise OSError(f"the path {path} is too long for a socket")
    folder = os.open(path.parent, os.O_PATH)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextmanager
def private_socket(path: Path) -> Iterator[socket.socket]:
    """A listening one, mode 0600 from its first moment, gone at the end; for who owns the folder. Raises OSError."""
    path.unlink(missing_ok=True)  # a killed process has left it
    with socket.socket(socket.AF_UNIX) as listening, short(path) as name:
        before = os.umask(0o177)
        try:
            listening.bind(name)
        finally:
            os.umask(before)
        try:
            listening.listen()
            yield listening
        finally:
            with suppress(OSError):
                path.unlink()
