"""Trouble on purpose: what a client gets although its request was fine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

HEADERS = {  # by status
    401: {"X-Error-Message": "Invalid username or password."},
    403: {"X-Error-Message": "You don't have the required permissions."},
    429: {"Retry-After": "0"},
}


@dataclass(frozen=True)
class Fault:
    """`status`: instead of an answer. `after`: so many bytes of a file arrive, then the connection ends or `stalls`."""

    status: int = 0
    after: int | None = None
    stalls: bool = False


FAULT = web.RequestKey("fault", Fault)


@dataclass
class Faults:
    """`struck` is set once one has come over a request; `stopped` ends those that stall."""

    planned: list[tuple[str, Fault, int]] = field(default_factory=list)  # part of "METHOD /path", what, how often
    struck: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, request: str) -> Fault | None:
        for index, (part, fault, times) in enumerate(self.planned):
            if part in request:
                self.planned[index : index + 1] = [(part, fault, times - 1)] if times > 1 else []
                if fault.status:
                    self.struck.set()
                return fault
        return None

    async def strike(self, fault: Fault) -> None:
        self.struck.set()
        if fault.stalls:
            await self.stopped.wait()
