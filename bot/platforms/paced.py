"""Showing what changes fast at a pace that a messenger allows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)


@dataclass
class Paced(Generic[T]):
    """`show` gets the latest value, one call at a time and at most one in `seconds`; those in between are skipped.

    `first`: seconds before the first one.
    """

    show: Callable[[T], Awaitable[None]]
    seconds: float
    first: float = 0.0
    _latest: list[T] = field(default_factory=list)
    _task: asyncio.Task[None] | None = None
    _closed: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, value: T) -> None:
        if self._closed.is_set():
            return
        self._latest = [value]
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """What is waiting is dropped; what is being shown is shown."""
        self._closed.set()
        self._latest = []
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        if self.first:
            await self._pause(self.first)
            self.first = 0.0
        while self._latest:
            try:
                await self.show(self._latest.pop())
            except Exception:  # a step of progress that isn't seen; the next one may be
                logger.exception("progress could not be shown")
            await self._pause(self.seconds)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closed.wait()
