"""The nouns of the service: frozen values, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.errors import AlreadyTraining, BadInput
from bot.texts import Text
from trainer.corpus import MAX_ACCOUNTS, persona_name
from trainer.manifest import Manifest

MIN_WEIGHT, MAX_WEIGHT = 0.1, 10.0

_HANDLE = re.compile(r"[A-Za-z0-9_.]{1,64}")
_WEIGHT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")


def parse_handle(text: str) -> str:
    """`@Alice` → `alice`. Raises BadInput. A handle never contains `-`, which joins the handles of a blend."""
    handle = text.removeprefix("@")
    if not _HANDLE.fullmatch(handle) or not handle.strip("."):
        raise BadInput(
            Text(
                "{given} is not a handle: use letters, digits, _ and dots, like @pip_the_lighthouse.", given=repr(text)
            )
        )
    return handle.lower()


@dataclass(frozen=True, slots=True)
class Voice:
    """An account as a part of a persona, with its weight in a blend."""

    handle: str
    weight: float = 1.0


def parse_voice(text: str) -> Voice:
    """`@Alice:2` → alice, with the weight 2; `@Alice` weighs 1. Raises BadInput."""
    name, colon, weight = text.partition(":")
    if not colon:
        return Voice(parse_handle(name))
    if not _WEIGHT.fullmatch(weight) or not MIN_WEIGHT <= float(weight) <= MAX_WEIGHT:
        raise BadInput(
            Text(
                "{given}: a weight is a number from {least:g} to {most:g}, like /train @alice:2 @bob:1",
                given=repr(text),
                least=MIN_WEIGHT,
                most=MAX_WEIGHT,
            )
        )
    return Voice(parse_handle(name), float(weight))


def parse_voices(texts: list[str]) -> tuple[Voice, ...]:
    """One to three different accounts, in the order given. Raises BadInput."""
    voices = tuple(parse_voice(text) for text in texts)
    if not voices:
        raise BadInput(Text("Name an account, like /train @pip_the_lighthouse."))
    if len(voices) > MAX_ACCOUNTS:
        raise BadInput(Text("A blend takes up to {limit} accounts; you named {n}.", limit=MAX_ACCOUNTS, n=len(voices)))
    if len({voice.handle for voice in voices}) < len(voices):
        raise BadInput(Text("The same account is named twice; name each one once."))
    return voices


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
    """Who asks, and where.

    `channel` is what a current persona belongs to. `space` is the server, group or private chat around it, whose
    personas are seen there; "" is the operator's own, which sees all. `roles` are the person's in the space.
    """

    platform: str
    user: str
    channel: str
    space: str = ""
    locale: str = "en"
    admin: bool = False
    roles: tuple[str, ...] = ()
    parent: str = ""  # the channel that a thread belongs to

    @property
    def private(self) -> bool:
        """Nobody else is there."""
        return self.space == private_space(self.platform, self.user)


def private_space(platform: str, user: str) -> str:
    return f"{platform}:dm:{user}"


@dataclass(frozen=True, slots=True)
class AccountSource:
    """Where one account's posts come from: `reference` is a source's own, such as `file:/home/me/tweets.js`.

    `weight` is the account's in a blend. `part` names what of a file is meant: a table's column, or the sender in an
    export of a chat. `language`: only posts in this one are learnt.
    """

    handle: str
    reference: str
    weight: float = 1.0
    part: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Who an account is: its display name, what it says of itself, and its picture as a PNG or JPEG file."""

    name: str
    bio: str = ""
    avatar: bytes | None = None


def is_private(reference: str) -> bool:
    """Did somebody give these posts, rather than publish them?"""
    return reference.startswith(("file:", "stored:"))


def kept_by(reference: str) -> str | None:
    """The persona whose posts these are, if it is kept ones that are meant: `stored:personas/<name>/posts/…`."""
    return reference.split("/")[1] if reference.startswith("stored:") else None


def train_command(accounts: Iterable[tuple[str, float]], *options: str) -> str:
    """What to type to train on these (handle, weight): `/train @alice:2 @bob --fresh`."""
    named = [f"@{handle}" if weight == 1 else f"@{handle}:{weight:g}" for handle, weight in accounts]
    return " ".join(["/train", *named, *options])


@dataclass(frozen=True, slots=True)
class Job:
    """One training. `attempts` counts how often it was started; `error` is what the person was told.

    `fresh`: it starts over where there is a version that it could go on from.
    """

    id: int
    persona: str
    accounts: tuple[AccountSource, ...]
    state: JobState
    caller: Caller
    attempts: int
    created_at: datetime
    error: str | None = None
    fresh: bool = False


def already_training(job: Job) -> AlreadyTraining:
    """What to tell who asks for it again."""
    values = {"persona": job.persona, "job": job.id}
    if job.state is JobState.RUNNING:
        text = Text("@{persona} is already training (job {job}). Watch it with /jobs.", **values)
    else:
        text = Text("@{persona} is already in the queue (job {job}). Watch it with /jobs.", **values)
    return AlreadyTraining(text, job.id)


@dataclass(frozen=True, slots=True)
class JobMessage:
    """Where a messenger shows a job: the ids are its own."""

    job_id: int
    channel: str
    message: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Something that a messenger has handed over and that isn't dealt with yet. `note`: what was shown for it so far.

    `tries`: how many processes before this one have begun with it.
    """

    number: int
    content: str
    note: str | None
    tries: int


@dataclass(frozen=True, slots=True)
class Persona:
    """A trained persona: its current version, the folder that holds it (relative to the data folder) and its record."""

    name: str
    version: int
    folder: str
    n_bytes: int
    manifest: Manifest

    @property
    def weights(self) -> dict[str, float]:
        """By handle."""
        return {account.handle: account.weight for account in self.manifest.corpus.accounts}

    @property
    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(handle, weight) for handle, weight in self.weights.items())

    @property
    def key(self) -> str:
        """Names one version, for the pool and the worker."""
        return f"{self.name}/v{self.version}"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a persona said: samples with the prompt at their start. Always machine-written.

    Of `quotes` samples more, every try came out as a quote of a post.
    """

    persona: str
    samples: tuple[str, ...]
    cut: bool = False
    quotes: int = 0
