"""The nouns of the service: frozen values, no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.errors import BadInput
from trainer.corpus import MAX_ACCOUNTS, persona_name
from trainer.manifest import Manifest

_HANDLE = re.compile(r"[A-Za-z0-9_.]{1,64}")


def parse_handle(text: str) -> str:
    """`@Alice` → `alice`. Raises BadInput. A handle never contains `-`, which joins the handles of a blend."""
    handle = text.removeprefix("@")
    if not _HANDLE.fullmatch(handle) or not handle.strip("."):
        raise BadInput(f"{text!r} is not a handle: use letters, digits, _ and dots, like @pip_the_lighthouse.")
    return handle.lower()


def parse_handles(texts: list[str]) -> tuple[str, ...]:
    """One to three different handles, in the order given. Raises BadInput."""
    handles = tuple(parse_handle(text) for text in texts)
    if not handles:
        raise BadInput("Name an account, like /train @pip_the_lighthouse.")
    if len(handles) > MAX_ACCOUNTS:
        raise BadInput(f"A blend takes up to {MAX_ACCOUNTS} accounts; you named {len(handles)}.")
    if len(set(handles)) < len(handles):
        raise BadInput("The same account is named twice; name each one once.")
    return handles


def parse_persona(text: str) -> str:
    """`@Bob-alice` → `alice-bob`. Raises BadInput."""
    return persona_name(parse_handle(part) for part in text.removeprefix("@").split("-"))


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


# RUNNING → QUEUED: the bot stopped, or was killed, while the job ran.
TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED}),
    JobState.RUNNING: frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.QUEUED}),
    JobState.DONE: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}


def can_move(old: JobState, new: JobState) -> bool:
    return new in TRANSITIONS[old]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and where: `channel` is what a current persona and progress messages belong to."""

    platform: str
    user: str
    channel: str


@dataclass(frozen=True, slots=True)
class AccountSource:
    """Where one account's posts come from: `reference` is a source's own, such as `file:/home/me/tweets.js`."""

    handle: str
    reference: str


@dataclass(frozen=True, slots=True)
class Job:
    """One training. `attempts` counts how often it was started; `error` is what the person was told."""

    id: int
    persona: str
    accounts: tuple[AccountSource, ...]
    state: JobState
    caller: Caller
    attempts: int
    created_at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Persona:
    """A trained persona: its current version, the folder that holds it (relative to the data folder) and its record."""

    name: str
    version: int
    folder: str
    n_bytes: int
    manifest: Manifest

    @property
    def key(self) -> str:
        """Names one version, for the pool and the worker."""
        return f"{self.name}/v{self.version}"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a persona said: samples with the prompt at their start. Always machine-written."""

    persona: str
    samples: tuple[str, ...]
    cut: bool = False
