"""Whether the bot can serve people at this moment, part by part."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from bot.errors import OperatorError
from bot.health import DATABASE
from bot.usecases.services import Services

DATABASE_SECONDS = 2.0  # in which it answers, or doesn't


@dataclass(frozen=True)
class Readiness:
    """`parts`: by name, whether each works."""

    parts: dict[str, bool]
    stopping: bool

    @property
    def ready(self) -> bool:
        return not self.stopping and all(self.parts.values())

    @property
    def status(self) -> int:
        """Of an HTTP answer."""
        return 200 if self.ready else 503

    def to_json(self) -> str:
        return json.dumps({"ready": self.ready, "stopping": self.stopping, "parts": self.parts})


async def readiness(services: Services) -> Readiness:
    """Starts nothing."""
    health = services.health
    parts = {DATABASE: await _answers(services)} | {name: works() for name, works in health.parts.items()}
    return Readiness(parts, health.stopping.is_set())


async def _answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(DATABASE_SECONDS):
            await services.store.job(0)
    except (OperatorError, TimeoutError):
        return False
    return True
