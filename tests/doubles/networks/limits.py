"""How often a client may ask, and how much it gets at a time."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


@dataclass
class Limit:
    """So many `requests` in each window of so many `seconds`, of all kinds together; a window begins with a request.

    `headers`: whether answers say when it ends. `early`: requests that came before an end they had been told.
    """

    requests: int
    seconds: float = 1.0
    headers: bool = True
    early: int = 0
    _used: int = 0
    _ends: float = 0.0  # epoch seconds
    _told: bool = False

    def take(self) -> bool:
        """Is there room for one more? Then it is used."""
        now = time.time()
        if now >= self._ends:
            self._ends, self._used, self._told = now + self.seconds, 0, False
        self._used += 1
        if self._used <= self.requests:
            return True
        self.early += self._told
        self._told = self.headers
        return False

    @property
    def running(self) -> bool:
        """Has a window begun that has not ended?"""
        return time.time() < self._ends

    @property
    def remaining(self) -> int:
        return max(0, self.requests - self._used)

    @property
    def reset(self) -> int:
        """Epoch seconds, whole ones, at which there is room again for certain."""
        return math.ceil(self._ends)


@dataclass
class Pages:
    """Every so many pages one is short, or empty although there are more; 0: none. `last_empty`: so is the last."""

    short_every: int = 0
    empty_every: int = 0
    last_empty: bool = False
    served: int = 0

    def size(self, asked: int) -> int:
        """Of the next page."""
        self.served += 1
        if self.empty_every and self.served % self.empty_every == 0:
            return 0
        if self.short_every and self.served % self.short_every == 0:
            return max(1, asked // 2)
        return asked
