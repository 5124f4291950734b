"""What use cases work with. Built once, by `bot.app`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import TypeVar

from bot.folders import Folders
from bot.health import Health
from bot.jobs import JobRunner
from bot.live import LiveSettings
from bot.metrics import Metrics
from bot.pictures.painter import Painter
from bot.pool import ModelPool
from bot.ports import Chats, Converter, Generator, Hub, Inbox, Library, Sources, Spending, Store, Users
from bot.settings import Settings
from bot.usecases.gate import Gate
from bot.watching import Watchers

T = TypeVar("T")


@dataclass(frozen=True)
class Services:
    """`arranging`: held by whoever gives folders of personas another name, or deletes those that nothing records."""

    live: LiveSettings
    folders: Folders
    store: Store
    library: Library
    chats: Chats
    users: Users
    inbox: Inbox
    sources: Sources
    jobs: JobRunner
    pool: ModelPool
    generator: Generator
    gate: Gate
    painter: Painter
    converter: Converter
    hub: Hub
    watchers: Watchers
    spending: Spending
    metrics: Metrics
    health: Health
    arranging: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def settings(self) -> Settings:
        return self.live.now


async def whole(work: Coroutine[None, None, T]) -> T:
    """Done whole once it has begun, whoever goes away meanwhile: being cancelled waits for its end."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
