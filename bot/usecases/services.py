"""What use cases work with. Built once, by `bot.app`."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class Services:
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

    @property
    def settings(self) -> Settings:
        return self.live.now
