"""What the service answers, before any platform has given it a form."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Job, Persona, Utterance
from bot.pool import PoolStats
from bot.texts import Text
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
class Page:
    """(heading, text) of each part."""

    parts: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True)
class Help:
    """Usage and summary of each command."""

    commands: tuple[tuple[str, str], ...]


Reply = Submitted | PersonaList | Card | JobList | Status | Notice | Page | Help | Utterance

PRIVACY = Page(
    (
        (
            Text("What I keep"),
            Text(
                "Of a persona: the public posts, or the file, that somebody gave me to train on; the weights made of "
                "them; its card. Of a training: who asked for it, where, and how it ended. Of a chat or channel: "
                "which persona speaks there. Of a server or group: its settings, and how many answers it had today. "
                "Of somebody whom the operator has blocked, or given a quota of their own: that, and how much they "
                "had today."
            ),
        ),
        (
            Text("What I don't keep"),
            Text(
                "What I answer, and what you ask me to finish: that is gone once it is answered. I read no messages "
                "but those that mention or answer me, that you write to me alone, or that you hand me with a command, "
                "and I never learn from chat messages: the rules of Discord and Telegram forbid it, and so do we."
            ),
        ),
        (Text("Who sees it"), Text("Everything is on the operator's own machine; nothing is sent to anybody else.")),
        (
            Text("How to have it deleted"),
            Text(
                "/forget (admins) deletes a persona with its posts and weights for good. /optout silences whatever "
                "imitates your account, at once. For the rest, ask whoever runs this bot."
            ),
        ),
    )
)
