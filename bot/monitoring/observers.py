"""What is watched beside the work: the messengers' logs, and the event loop's lateness."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from bot.metrics import LEVELS, Metrics, platform_label

LAG_SECONDS = 0.5  # between two measurements
LIBRARIES = {"discord", "telegram"}


class Troubles(logging.Handler):
    """Counts what is logged about a messenger, by us or by its library."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__(logging.WARNING)
        self.metrics = metrics

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name.removeprefix("bot.platforms.")
        messenger = name.partition(".")[0]
        if messenger in LIBRARIES or name != record.name:
            level = LEVELS[min(2, (record.levelno - logging.WARNING) // 10)]
            self.metrics.troubles.labels(platform_label(messenger), level).inc()


@contextmanager
def counting_troubles(metrics: Metrics) -> Iterator[None]:
    """Meanwhile, whatever is logged passes by a Troubles."""
    handler, root = Troubles(metrics), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


async def measure_lag(metrics: Metrics) -> None:
    """How late the event loop comes to what is due. Until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + LAG_SECONDS
        await asyncio.sleep(LAG_SECONDS)
        metrics.late(max(0.0, loop.time() - due))
