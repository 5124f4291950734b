"""Whether the bot can serve: the parts that it needs, and whether it is about to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field

SERVE, DATABASE = "serve", "database"


@dataclass(frozen=True)
class Health:
    """`parts`: by name, whether each works now. Whoever has something that people need enters it."""

    parts: dict[str, Callable[[], bool]] = field(default_factory=dict)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def works(self, part: str) -> bool:
        return part in self.parts and self.parts[part]()


async def until_stopped(work: Coroutine[None, None, None], stopping: asyncio.Event) -> None:
    """The work; cancelled, and waited for, when a stop is asked for. Raises what it raises."""
    task, asked = asyncio.create_task(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        asked.cancel()
        task.cancel()
        await _end_of(task)
    if not task.cancelled():
        task.result()


async def _end_of(task: asyncio.Task[None]) -> None:
    """Waited for also by who is cancelled meanwhile, as a stop in the middle of a stop does."""
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
