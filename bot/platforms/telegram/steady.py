"""Calls to Telegram that are made until they have worked, and seen through by whoever began them or not."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from telegram.error import RetryAfter, TelegramError

from bot.platforms.telegram.lanes import Lane, Lanes
from bot.platforms.telegram.refusals import is_network, seconds_to_wait

PATIENCE = 3600.0  # seconds for which a message is tried
PAUSES = (0.5, 1, 2, 4, 8, 15)  # then the last one again and again
MARGIN = 0.1  # seconds added to what Telegram wants us to wait

T = TypeVar("T")


@dataclass
class Steady:
    lanes: Lanes = field(default_factory=Lanes)
    _going: set[asyncio.Task[object]] = field(default_factory=set)

    async def repeat(self, call: Callable[[], Awaitable[T]], lane: Lane | None, patience: float = PATIENCE) -> T:
        """At the lane's pace; again after network troubles, and when Telegram has wanted us to wait.

        Raises TelegramError: a refusal, or what it was after `patience` seconds.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            if lane is not None:
                await lane.turn()
                await self.lanes.everybody.acquire()
            try:
                return await call()
            except RetryAfter as error:
                seconds = seconds_to_wait(error) + MARGIN
                if loop.time() + seconds > until:
                    raise
                if lane is None:
                    await asyncio.sleep(seconds)
                else:
                    lane.wait(seconds)
            except TelegramError as error:
                if not is_network(error) or loop.time() + pause > until:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError  # the pauses don't end

    async def seen_through(self, work: Awaitable[T]) -> T:
        """To its end, also when whoever waits is cancelled: half a sending is neither lost nor repeated."""
        task = asyncio.ensure_future(work)
        self._going.add(task)
        task.add_done_callback(self._going.discard)
        return await asyncio.shield(task)

    async def close(self, seconds: float) -> None:
        """What is on its way gets there, if it doesn't take long."""
        if self._going:
            _, late = await asyncio.wait(self._going, timeout=seconds)
            for task in late:
                task.cancel()
