"""What use cases work with. Built once, by `bot.app`."""

from __future__ import annotations

from dataclasses import dataclass

from bot.folders import Folders
from bot.jobs import JobRunner
from bot.pictures.painter import Painter
from bot.pool import ModelPool
from bot.ports import Chats, Converter, Generator, Hub, Inbox, Sources, Store
from bot.settings import Settings
from bot.usecases.gate import Gate


@dataclass(frozen=True)
class Services:
    settings: Settings
    folders: Folders
    store: Store
    chats: Chats
    inbox: Inbox
    sources: Sources
    jobs: JobRunner
    pool: ModelPool
    generator: Generator
    gate: Gate
    painter: Painter
    converter: Converter
    hub: Hub
