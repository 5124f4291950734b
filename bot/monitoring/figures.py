"""What is so when somebody asks: jobs, pool, serve worker, money, disk. Nothing is started for it."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from bot.errors import MynahError
from bot.handles import X
from bot.health import SERVE
from bot.money import MICRO, micro
from bot.monitoring.readiness import readiness
from bot.usecases.services import Services

STATS_SECONDS = 2.0  # a worker that reads a large persona answers later
Families = AsyncIterator[Metric]
logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Fixed:
    """A collector of what was found out already."""

    families: Iterable[Metric]

    def collect(self) -> Iterator[Metric]:
        yield from self.families


async def exposition(services: Services) -> bytes:
    """All figures, in Prometheus' text format. What can't be found out now is left out."""
    now = CollectorRegistry()
    now.register(Fixed([family async for family in _all(services)]))
    return generate_latest(services.metrics.registry) + generate_latest(now)


async def _all(services: Services) -> Families:
    parts: tuple[Callable[[Services], Families], ...] = (_parts, _jobs, _pool, _serve, _money, _disk)
    for part in parts:
        try:
            async for family in part(services):
                yield family
        except (MynahError, OSError, TimeoutError) as error:
            logger.info("figures are left out (%s): %r", part.__name__, error)


async def _parts(services: Services) -> Families:
    found = await readiness(services)
    family = GaugeMetricFamily("mynah_part_up", "1: this part of the bot works", labels=["part"])
    for part, works in found.parts.items():
        family.add_metric([part], works)
    yield family
    yield GaugeMetricFamily("mynah_ready", "1: people can be served", found.ready)


async def _jobs(services: Services) -> Families:
    family = GaugeMetricFamily("mynah_jobs", "Trainings on record", labels=["state"])
    for state, n in (await services.store.job_counts()).items():
        family.add_metric([state], n)
    yield family


async def _pool(services: Services) -> Families:
    resident, stats = services.pool.resident, services.pool.stats
    yield GaugeMetricFamily("mynah_pool_personas", "Resident personas", len(resident))
    yield GaugeMetricFamily("mynah_pool_bytes", "What they take", sum(resident.values()))
    yield GaugeMetricFamily("mynah_pool_max_bytes", "What they may take", services.pool.max_bytes)
    yield CounterMetricFamily("mynah_pool_hits", "Questions whose persona was resident", stats.hits)
    yield CounterMetricFamily("mynah_pool_misses", "Questions whose persona had to be loaded", stats.misses)


async def _serve(services: Services) -> Families:
    """The worker's own figures begin anew with each worker."""
    if not services.health.works(SERVE):
        return
    async with asyncio.timeout(STATS_SECONDS):  # nothing is waited for between the check and the question
        stats = await services.generator.stats()
    yield GaugeMetricFamily("mynah_serve_rows", "Samples that are generated now", stats.rows)
    yield GaugeMetricFamily("mynah_serve_waiting", "Requests that wait for a row", stats.waiting)
    yield GaugeMetricFamily("mynah_serve_resident_bytes", "What the worker's personas take", stats.resident_bytes)
    yield CounterMetricFamily("mynah_serve_requests", "Requests", stats.requests)
    yield CounterMetricFamily("mynah_serve_tokens", "Tokens generated", stats.tokens)
    yield CounterMetricFamily("mynah_serve_queue_seconds", "Waited for a row", stats.queue_seconds)
    yield CounterMetricFamily("mynah_serve_steps", "Steps: a token for each row", stats.steps)
    yield CounterMetricFamily("mynah_serve_step_seconds", "Spent in them", stats.step_seconds)
    yield CounterMetricFamily("mynah_serve_loads", "Personas loaded", stats.loads)
    yield CounterMetricFamily("mynah_serve_load_seconds", "Spent on that", stats.load_seconds)


async def _money(services: Services) -> Families:
    spent = await services.spending.spent(X, f"{datetime.now(UTC):%Y-%m}")
    budget = micro(services.settings.sources.x.monthly_budget)
    for name, what, amount in (
        ("mynah_spent_dollars", "This month", spent),
        ("mynah_budget_dollars", "Of a month", budget),
    ):
        family = GaugeMetricFamily(name, what, labels=["source"])
        family.add_metric([X], amount / MICRO)
        yield family


async def _disk(services: Services) -> Families:
    """Sizes on disk but for personas', which are on record."""
    folders, disk = services.folders, services.settings.disk
    free = await asyncio.to_thread(lambda: shutil.disk_usage(folders.root).free)
    yield GaugeMetricFamily("mynah_disk_free_bytes", "Where the data folder is", free)
    used = GaugeMetricFamily("mynah_disk_used_bytes", "What is kept", labels=["what"])
    used.add_metric(["personas"], sum(one.n_bytes for one in await services.library.versions()))
    used.add_metric(["posts"], await asyncio.to_thread(_bytes_in, folders.root / "accounts"))
    yield used
    limit = GaugeMetricFamily("mynah_disk_limit_bytes", "What may be kept; 0: no limit", labels=["what"])
    limit.add_metric(["personas"], disk.personas_gigabytes * 10**9)
    limit.add_metric(["posts"], disk.posts_gigabytes * 10**9)
    yield limit


def _bytes_in(folder: Path) -> int:
    """Two levels: accounts/<network>/<account>."""
    return sum(path.stat().st_size for path in folder.glob("*/*") if path.is_file())
