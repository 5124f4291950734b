from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from trainer.protocol import Generated, GenerateRequest, Piece, Stats

SIZE = 4
Event = Piece | Generated | Exception | asyncio.Event


@dataclass
class FakeGenerator:
    """bot.ports.Generator without a worker. It speaks at once, and loads at once unless a key is in `held`.

    `answers` are scripts for the next requests, one list each: in its place, an exception is raised, an asyncio.Event
    waited for.
    """

    sizes: dict[str, int] = field(default_factory=dict)  # resident bytes, SIZE unless named
    errors: dict[str, Exception] = field(default_factory=dict)  # what loading a key raises
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    answers: list[list[Event]] = field(default_factory=list)
    resident: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)
    requests: list[GenerateRequest] = field(default_factory=list)

    async def stay_warm(self) -> None:
        self.log.append("warm")

    async def load(self, key: str, folder: Path = Path()) -> int:
        self.log.append(f"load {key}")
        if key in self.held:
            await self.held[key].wait()
        if key in self.errors:
            raise self.errors[key]
        self.resident.add(key)
        return self.sizes.get(key, SIZE)

    async def unload(self, key: str) -> None:
        self.log.append(f"unload {key}")
        await asyncio.sleep(0)
        self.resident.discard(key)

    async def stats(self) -> Stats:
        return Stats(id=0, resident=len(self.resident), requests=len(self.requests))

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Piece | Generated, None]:
        self.requests.append(request)
        script = self.answers.pop(0) if self.answers else [generated(*[f"{request.prompt} soup."] * request.n)]
        for event in script:
            await asyncio.sleep(0)
            if isinstance(event, Exception):
                raise event
            if isinstance(event, asyncio.Event):
                await event.wait()
            else:
                yield event


def generated(*samples: str, cut: bool = False) -> Generated:
    return Generated(id=0, samples=samples, n_tokens=5, cut=cut)
