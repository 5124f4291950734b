"""Time as the fake tells it, the identifiers made of it, and waiting for what changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

EPOCH = 1420070400000  # milliseconds at which Discord's identifiers begin


class Changes:
    """Wakes everybody who waits whenever anything has changed."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def tell(self) -> None:
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, holds: Callable[[], bool], timeout: float, show: Callable[[], str]) -> None:
        """Until `holds()`; after `timeout` real seconds an AssertionError that says what there is."""
        try:
            async with asyncio.timeout(timeout):
                while not holds():
                    await self._next()
        except TimeoutError:
            raise AssertionError(f"not within {timeout} s; there is: {show()}") from None

    async def _next(self) -> None:
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)


class Clock:
    """Monotonic seconds plus what a test has added."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._wall = time.time() - time.monotonic()
        self._offset = 0.0

    def now(self) -> float:
        return time.monotonic() + self._offset

    def advance(self, seconds: float) -> None:
        self._offset += seconds
        self._changes.tell()

    def utc(self, at: float | None = None) -> str:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=self._wall + (self.now() if at is None else at))
        return moment.isoformat()

    def milliseconds(self) -> int:
        return int((self._wall + self.now()) * 1000)


class Ids:
    """Snowflakes: they grow, and say when they were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self, shard: int = 0, shards: int = 1) -> int:
        """A new one; as a guild's it belongs to `shard` of `shards`."""
        moment = max(self._clock.milliseconds() - EPOCH, (self._last >> 22) + (shards > 1))
        moment += (shard - moment) % shards
        made = moment << 22
        self._last = made if made > self._last else self._last + 1
        return self._last
