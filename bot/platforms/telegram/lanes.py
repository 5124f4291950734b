"""One queue per chat, at the pace that Telegram allows."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

from aiolimiter import AsyncLimiter

# Telegram's bot FAQ, "My bot is hitting limits": about one message a second in a chat, short bursts apart; 20 a minute
# in a group; 30 a second in all.
PRIVATE, GROUP, ALL = (5, 5.0), (20, 60.0), (30, 1.0)
SPARE = 8  # messages that a group's minute keeps for whole answers; what merely grows does without
REMEMBERED = 4096  # chats


@dataclass
class Lane:
    """`lock`: one call after the other. `free_at`: when Telegram wants to hear of this chat again (loop time).

    `highest`: the highest number of a message that is known there.
    """

    limiter: AsyncLimiter
    spare: int
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0
    highest: int = 0

    @property
    def idle(self) -> bool:
        """There is room for something that needn't be sent."""
        waiting = self.lock.locked() or asyncio.get_running_loop().time() < self.free_at
        return not waiting and self.limiter.has_capacity(1 + self.spare)

    async def turn(self) -> None:
        """When the next call may go."""
        await asyncio.sleep(max(0.0, self.free_at - asyncio.get_running_loop().time()))
        await self.limiter.acquire()

    def wait(self, seconds: float) -> None:
        """Telegram has said so."""
        self.free_at = asyncio.get_running_loop().time() + seconds


@dataclass
class Lanes:
    everybody: AsyncLimiter = field(default_factory=lambda: AsyncLimiter(*ALL))
    _lanes: OrderedDict[int, Lane] = field(default_factory=OrderedDict)

    def of(self, chat: int) -> Lane:
        if chat not in self._lanes:
            self._lanes[chat] = Lane(AsyncLimiter(*(PRIVATE if chat > 0 else GROUP)), 0 if chat > 0 else SPARE)
            self._drop_one()
        self._lanes.move_to_end(chat)
        return self._lanes[chat]

    def _drop_one(self) -> None:
        if len(self._lanes) > REMEMBERED:
            oldest = next(iter(self._lanes))
            if self._lanes[oldest].idle:
                del self._lanes[oldest]
