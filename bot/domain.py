"""The nouns of the service: frozen values, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.errors import AlreadyTraining, BadInput
from bot.handles import NETWORKS, PREFIXES, parse_address, parse_handle
from bot.texts import Text
from trainer.corpus import MAX_ACCOUNTS, persona_name
from trainer.manifest import Manifest
from trainer.protocol import AccountCounts

MIN_WEIGHT, MAX_WEIGHT = 0.1, 10.0

_DID_METHOD = re.compile(r"(^|[@/:])did(:[a-z]+)?$")  # what is before a DID's last colon
_WEIGHT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Voice:
    """An account as a part of a persona, with its weight in a blend.

    `network` where a person said it, and then `name` as it is there; else the handle has to tell.
    """

    handle: str
    weight: float = 1.0
    network: str | None = None
    name: str = ""

    @property
    def word(self) -> str:
        """What to type for it, without the weight."""
        return f"{self.network}:{self.name}" if self.network in NETWORKS else self.handle


def parse_voice(text: str) -> Voice:
    """`@Alice:2` → alice, with the weight 2; `@Alice` weighs 1; `x:alice` is on X. Raises BadInput."""
    head, colon, tail = text.rpartition(":")
    if not colon or "/" in tail or head.lower().removeprefix("@") in PREFIXES or _DID_METHOD.search(head):
        return _voice(text, 1.0)
    if not _WEIGHT.fullmatch(tail) or not MIN_WEIGHT <= float(tail) <= MAX_WEIGHT:
        raise BadInput(
            Text(
                "{given}: a weight is a number from {least:g} to {most:g}, like /train @alice:2 @bob:1. An account "
                "on a network is x:alice, bsky:alice or @alice@its.server.",
                given=repr(text),
                least=MIN_WEIGHT,
                most=MAX_WEIGHT,
            )
        )
    return _voice(head, float(tail))


def _voice(text: str, weight: float) -> Voice:
    address = parse_address(text)
    return Voice(address.handle, weight, address.network, address.name if address.network else "")


def parse_voices(texts: list[str]) -> tuple[Voice, ...]:
    """One to three different accounts, in the order given. Raises BadInput."""
    voices = tuple(parse_voice(text) for text in texts)
    if not voices:
        raise BadInput(Text("Name an account, like /train @pip_the_lighthouse."))
    if len(voices) > MAX_ACCOUNTS:
        raise BadInput(Text("A blend takes up to {limit} accounts; you named {n}.", limit=MAX_ACCOUNTS, n=len(voices)))
    check_different(voices)
    return voices


def check_different(voices: Sequence[Voice]) -> None:
    """Raises BadInput when an account is named twice."""
    if len({voice.handle for voice in voices}) < len(voices):
        raise BadInput(Text("The same account is named twice; name each one once."))


def parse_persona(text: str) -> str:
    """`@Bob-alice` → `alice-bob`; `@alice@my-server.example` → its handle. Raises BadInput."""
    if "@" in text.removeprefix("@"):
        return parse_handle(text)
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
    export of a chat. `language`: only posts in this one are learnt. `cap`: what reading it may cost, in millionths of a
    dollar; None: whatever the budget allows.
    """

    handle: str
    reference: str
    weight: float = 1.0
    part: str | None = None
    language: str | None = None
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """Who an account is: its display name, what it says of itself, and its picture as a PNG or JPEG file."""

    name: str
    bio: str = ""
    avatar: bytes | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What an operator needs to know about a source. `state`: whether it is on, and what to do if it isn't."""

    name: str
    state: str
    example: str
    cost: str
    login: str
    terms: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What reading an account would mean: how many posts it has, how many would be read, what that costs at most.

    Money is in millionths of a dollar. `left`: of the budget that it comes out of; None where reading is free.
    """

    account: AccountSource
    n_posts: int | None = None
    n_new: int = 0
    cost: int = 0
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Purchase:
    """`n` pieces of a `kind` for an account, at a `price` each in millionths of a dollar, in a month like 2026-11."""

    source: str
    month: str
    account: str
    kind: str
    n: int
    price: int

    @property
    def cost(self) -> int:
        return self.n * self.price


def is_private(reference: str) -> bool:
    """Did somebody give these posts, rather than publish them?"""
    return reference.startswith(("file:", "stored:"))


def kept_reference(persona: str, handle: str) -> str:
    """The posts that a persona's last training kept of an account."""
    return f"stored:personas/{persona}/posts/{handle}.jsonl.zst"


def kept_by(reference: str) -> str | None:
    """The persona whose posts these are, if it is kept ones that are meant: `stored:personas/<name>/posts/…`."""
    return reference.split("/")[1] if reference.startswith("stored:") else None


def train_command(accounts: Iterable[tuple[str, float]], *options: str) -> str:
    """What to type to train on these (handle, weight): `/train @alice:2 @bob --fresh`. `x:alice` stays as it is."""
    words = [(handle if ":" in handle else f"@{handle}", weight) for handle, weight in accounts]
    named = [word if weight == 1 else f"{word}:{weight:g}" for word, weight in words]
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
    started_at: datetime | None = None  # the last time
    finished_at: datetime | None = None


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
    def languages(self) -> dict[str, str | None]:
        """By handle: the one that was kept of its posts, where not all were."""
        return {account.handle: account.language for account in self.manifest.corpus.accounts}

    @property
    def voices(self) -> tuple[Voice, ...]:
        return tuple(_trained(self.name, account) for account in self.manifest.corpus.accounts)

    @property
    def key(self) -> str:
        """Names one version, for the pool and the worker."""
        return f"{self.name}/v{self.version}"


def _trained(persona: str, account: AccountCounts) -> Voice:
    """An account where it was; posts that somebody gave are the persona's own now."""
    scheme, _, name = account.source.partition(":")
    if is_private(account.source):
        scheme, _, name = kept_reference(persona, account.handle).partition(":")
    if scheme not in {*NETWORKS, "stored", "sample"}:
        return Voice(account.handle, account.weight)
    return Voice(account.handle, account.weight, scheme, name)


@dataclass(frozen=True, slots=True)
class Summary:
    """A persona's current version on one line. `method`, `bits_per_byte`, `attribution`: None where nobody knows.

    `used_at`: when it last spoke, to the hour. `origin`: where it was pulled from. `silent`: it opted out.
    """

    name: str
    version: int
    n_bytes: int
    posts: int
    base: str
    method: str | None
    bits_per_byte: float | None
    attribution: float | None
    origin: str | None
    silent: bool
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Version:
    """A recorded version of a persona; `folder` is relative to the data folder."""

    persona: str
    number: int
    folder: str
    n_bytes: int
    current: bool
    created_at: datetime
    used_at: datetime | None  # the persona's


@dataclass(frozen=True, slots=True)
class UserRules:
    """What the operator has decided about a person on a messenger, named like `discord:123`. None: as for everybody."""

    user: str
    blocked: bool = False
    generations_a_day: int | None = None
    trainings_a_day: int | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """A version that was published: its address on a hub, and whether everybody may see it."""

    persona: str
    address: str
    version: int
    public: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a persona said: samples with the prompt at their start. Always machine-written.

    Of `quotes` samples more, every try came out as a quote of a post.
    """

    persona: str
    samples: tuple[str, ...]
    cut: bool = False
    quotes: int = 0
