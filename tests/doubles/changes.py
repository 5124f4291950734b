"""Time as a messenger's double tells it, and waiting for what changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

LOOK = 0.2  # seconds after which those who wait look anyway: some things hold only because time has passed


class Changes:
    """Wakes everybody who waits whenever anything has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, holds: Callable[[], bool], seconds: float, show: Callable[[], str]) -> None:
        """Until `holds()`; after so many real seconds an AssertionError that says what there is."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await self.next()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s; there is: {show()}") from None

    async def next(self, seconds: float = LOOK) -> None:
        """The next change, or when `seconds` have passed."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait([future], timeout=seconds)
        finally:
            self._waiting.discard(future)
            future.cancel()


class Clock:
    """Monotonic seconds plus what a test has added."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._wall = time.time() - time.monotonic()
        self._offset = 0.0

    def now(self) -> float:
        return time.monotonic() + self._offset

    def unix(self) -> int:
        return int(self._wall + self.now())

    def milliseconds(self) -> int:
        return int((self._wall + self.now()) * 1000)

    def utc(self, at: float | None = None) -> str:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=self._wall + (self.now() if at is None else at))
        return moment.isoformat()

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        self._changes.tell()
