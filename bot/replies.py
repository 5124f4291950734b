"""What the service answers, before any platform has given it a form."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Job, Persona, Utterance
from bot.pool import PoolStats
from trainer.protocol import Progress, Stats


@dataclass(frozen=True)
class Submitted:
    """A training was queued; `position` jobs are before it."""

    job: Job
    position: int


@dataclass(frozen=True)
class PersonaList:
    personas: tuple[Persona, ...]
    current: str | None


@dataclass(frozen=True)
class Card:
    """How a persona was made, and how good it is."""

    persona: Persona


@dataclass(frozen=True)
class JobList:
    """`progress`: the running job's number, and how far it is."""

    jobs: tuple[Job, ...]
    progress: tuple[int, Progress] | None = None


@dataclass(frozen=True)
class Status:
    """The serving worker and the pool of personas in front of it."""

    generator: Stats
    pool: PoolStats


@dataclass(frozen=True)
class Notice:
    """A sentence or a few."""

    text: str


@dataclass(frozen=True)
class Help:
    """Usage and summary of each command."""

    commands: tuple[tuple[str, str], ...]


Reply = Submitted | PersonaList | Card | JobList | Status | Notice | Help | Utterance
