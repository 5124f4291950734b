"""Trouble on purpose: what the bot gets although its request was fine."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["none", "server_error", "lost", "lost_cut", "flood", "cut", "refused"]


@dataclass(frozen=True)
class Fault:
    """What happens to one request.

    `server_error`: 502 before anything was done, with `page` as HTML instead of JSON; `lost`: 502 after it;
    `lost_cut`: after it the connection ends without an answer; `flood`: 429; `cut`: the connection ends before anything
    was done; `refused`: `status` with `description`; `none`: nothing.
    """

    kind: Kind
    retry_after: int = 1
    status: int = 400
    description: str = "injected"
    page: bool = False


@dataclass
class Rates:
    """How often which fault comes at random."""

    server_errors: float = 0.0
    lost: float = 0.0  # half of them as 502, half as a connection that ends
    floods: float = 0.0
    cuts: float = 0.0
    seed: int = 0
    retry_after: int = 1  # of floods, in seconds

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def draw(self) -> Fault | None:
        drawn = self.random.random()
        kinds: list[tuple[float, Kind]] = [(self.server_errors, "server_error"), (self.lost / 2, "lost")]
        kinds += [(self.lost / 2, "lost_cut"), (self.floods, "flood"), (self.cuts, "cut")]
        for rate, kind in kinds:
            if drawn < rate:
                return Fault(kind, self.retry_after, page=kind == "server_error" and self.random.random() < 0.5)
            drawn -= rate
        return None


@dataclass
class Hold:
    """Requests of a method that are done, and whose answers are kept back; with `before`, they are not even done."""

    before: bool = False
    waiting: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        self.released.set()

    async def pass_through(self, before: bool) -> None:
        if before == self.before and not self.released.is_set():
            self.waiting += 1
            try:
                await self.released.wait()
            finally:
                self.waiting -= 1


@dataclass
class Faults:
    """`rates` for all methods, "download" of files included; what is planned for a method comes first."""

    rates: Rates = field(default_factory=Rates)
    injected: list[tuple[str, Kind]] = field(default_factory=list)
    _planned: dict[str, deque[Fault | None]] = field(default_factory=dict)
    _holds: dict[str, Hold] = field(default_factory=dict)

    def next(self, method: str, *faults: Fault | None) -> None:
        """The next calls of `method`, one for each; None lets one pass."""
        self._planned.setdefault(method, deque()).extend(faults)

    def clear(self) -> None:
        self.rates = Rates()
        self._planned.clear()
        for hold in self._holds.values():
            hold.release()

    def take(self, method: str) -> Fault | None:
        planned = self._planned.get(method)
        fault = planned.popleft() if planned else self.rates.draw()
        if fault is None or fault.kind == "none":
            return None
        self.injected.append((method, fault.kind))
        return fault

    def hold(self, method: str, before: bool = False) -> Hold:
        """Until it is released, or left as a context."""
        held = self._holds[method] = Hold(before)
        return held

    async def held(self, method: str, before: bool) -> None:
        if method in self._holds:
            await self._holds[method].pass_through(before)
