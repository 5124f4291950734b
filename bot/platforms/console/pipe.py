"""Lines from a pipe."""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress

STDIN = 0
MAX_LINE = 1 << 20  # bytes


class PipeLines:
    """Lines of standard input, for one reader.

    A thread that waits in a read can't be stopped. So each read has a daemon's, which the end of the process doesn't
    wait for; and it leaves `sys.stdin` alone, whose lock Python takes at that end.
    """

    def __init__(self, descriptor: int = STDIN) -> None:
        self._file = os.fdopen(descriptor, "rb", closefd=False)

    async def read(self) -> str | None:
        """The next line, None at the end; whatever is no UTF-8 in it becomes a mark that says so."""
        loop = asyncio.get_running_loop()
        line: asyncio.Future[bytes] = loop.create_future()

        def read() -> None:
            data = b""
            with suppress(OSError):
                data = self._file.readline(MAX_LINE)
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
                loop.call_soon_threadsafe(_set, line, data)

        threading.Thread(target=read, daemon=True, name="pipe").start()
        data = await line
        return data.decode("utf-8", "replace").rstrip("\r\n") if data else None


def _set(line: asyncio.Future[bytes], data: bytes) -> None:
    if not line.done():
        line.set_result(data)
