"""What the bot counts and times of its work, for Prometheus. Labels are of fixed sets: no names, no places.

What is so at a moment, such as the queue, is asked for when somebody reads it: bot.monitoring.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector

from bot.domain import Caller, Job, JobState, Persona, Utterance
from bot.errors import Busy, DamagedPersona, MynahError, UserError, WorkerDied, WrongBase
from bot.ports import Notifier, Store
from trainer.protocol import Piece, Progress

PLATFORMS = ("discord", "telegram", "console", "shell", "other")
OUTCOMES = ("ok", "refused", "busy", "quotes", "error", "cancelled")
LEVELS = ("warning", "error", "critical")
SHELL = "shell"  # the channel of the CLI's commands
FIRST_BUCKETS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.5, 2.5, 5, 10, 30)
WHOLE_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 7.5, 10, 20, 30, 60, 120)
TRAINING_BUCKETS = (10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 43_200)
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


@dataclass
class Generation:
    """One utterance on its way, in seconds since it was asked for; None: not yet."""

    began: float = field(default_factory=time.monotonic)
    first_seconds: float | None = None
    seconds: float | None = None
    outcome: str = "cancelled"

    def heard(self, event: Piece | Utterance) -> None:
        """What came of it; with the utterance it is over, however long that takes to be shown."""
        passed = time.monotonic() - self.began
        if isinstance(event, Utterance):
            self.seconds, self.outcome = passed, "ok" if event.samples else "quotes"
        elif self.first_seconds is None:
            self.first_seconds = passed


def outcome_of(error: BaseException) -> str:
    """`refused`: it is up to who asked. `error`: it is up to us."""
    if isinstance(error, Busy):
        return "busy"
    ours = isinstance(error, (DamagedPersona, WrongBase)) or isinstance(error.__context__, WorkerDied)
    if isinstance(error, UserError) and not ours:
        return "refused"
    return "error" if isinstance(error, Exception) else "cancelled"


def platform_label(name: str) -> str:
    return name if name in PLATFORMS else "other"


class Metrics:
    """One for a process, with a registry of its own."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.generations = Counter("mynah_generations", "Utterances", ["platform", "outcome"], registry=own)
        self.first = Histogram(
            "mynah_first_token_seconds", "From a question to its first words", buckets=FIRST_BUCKETS, registry=own
        )
        self.whole = Histogram(
            "mynah_generation_seconds", "From a question to its whole answer", buckets=WHOLE_BUCKETS, registry=own
        )
        self.trainings = Histogram(
            "mynah_training_seconds", "Jobs, when they end", ["outcome"], buckets=TRAINING_BUCKETS, registry=own
        )
        self.troubles = Counter(
            "mynah_platform_errors", "Lines of a messenger's log", ["platform", "level"], registry=own
        )
        self.lag = Histogram("mynah_loop_lag", "Seconds of lateness", unit="seconds", buckets=LAG_BUCKETS, registry=own)
        self.lag_now = Gauge("mynah_loop_lag_latest_seconds", "The latest lateness of the event loop", registry=own)
        packages = {name: version(name) for name in ("mynah", "torch", "transformers")}
        Info("mynah_build", "What runs here", registry=own).info(packages | {"python": platform.python_version()})
        ProcessCollector(namespace="mynah", registry=own)
        self._begin()

    def _begin(self) -> None:
        """A series that there is from the start has a rate with its first event."""
        for name in PLATFORMS:
            for outcome in OUTCOMES:
                self.generations.labels(name, outcome)
            for level in LEVELS:
                self.troubles.labels(name, level)
        for state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED):
            self.trainings.labels(state)

    def late(self, seconds: float) -> None:
        """The event loop was, by so much."""
        self.lag.observe(seconds)
        self.lag_now.set(seconds)

    @contextmanager
    def generation(self, caller: Caller) -> Iterator[Generation]:
        """Counts and times one, however it ends."""
        one = Generation()
        try:
            yield one
        except BaseException as error:
            if one.seconds is None:
                one.outcome = outcome_of(error)
            raise
        finally:
            self._count(caller, one)

    @contextmanager
    def refusals(self, caller: Caller) -> Iterator[None]:
        """Counts what fails before there are generations."""
        try:
            yield
        except BaseException as error:
            self._count(caller, Generation(outcome=outcome_of(error)))
            raise

    def _count(self, caller: Caller, one: Generation) -> None:
        name = SHELL if (caller.platform, caller.channel) == ("console", SHELL) else platform_label(caller.platform)
        self.generations.labels(name, one.outcome).inc()
        if one.first_seconds is not None:
            self.first.observe(one.first_seconds)
        if one.seconds is not None:
            self.whole.observe(one.seconds)


@dataclass(frozen=True)
class Timed:
    """bot.ports.Notifier in front of another one: how long trainings took, and how they ended."""

    notifier: Notifier
    store: Store
    metrics: Metrics

    async def progress(self, job: Job, progress: Progress) -> None:
        await self.notifier.progress(job, progress)

    async def trained(self, job: Job, persona: Persona) -> None:
        await self._observe(job)
        await self.notifier.trained(job, persona)

    async def reported(self, job: Job, persona: Persona) -> None:
        await self.notifier.reported(job, persona)

    async def failed(self, job: Job, message: str) -> None:
        await self._observe(job)
        await self.notifier.failed(job, message)

    async def _observe(self, job: Job) -> None:
        """As it is recorded: how it ended, and since when it ran. One that never began took no time."""
        with suppress(MynahError):
            latest = await self.store.job(job.id)
            if latest is not None and latest.started_at and latest.finished_at:
                seconds = (latest.finished_at - latest.started_at).total_seconds()
                self.metrics.trainings.labels(latest.state).observe(seconds)
