"""The messages between the bot process and its workers: one JSON object a line, typed by `type`.

A worker says `Ready` first. Every request carries an `id`; every answer carries the `id` of its request. A request is
over with its terminal answer: `Reported`, `Generated`, `Loaded`, `Stats`, `Adopted`, `Done` or
`Failed`. This module does no I/O.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from trainer.words import HARMLESS

PROTOCOL_VERSION = 4
MAX_LINE_BYTES = 4 * 1024 * 1024
FIRST_PROMPT = "My dream is"  # the example prompt of the cards

Stage = Literal["fetch", "wait", "clean", "train", "check", "publish"]


class ProtocolError(Exception):
    """A line that is not a message of this protocol: our bug, or a worker of another version."""


Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)  # it may get into a log


class MaskedCounts(Message):
    """What was masked in an account's posts before training."""

    emails: int = 0
    phones: int = 0
    cards: int = 0
    keys: int = 0
    mentions: int = 0

    @property
    def total(self) -> int:
        return sum(self.model_dump().values())


class AccountCounts(Message):
    """An account's row of the training table, with where its posts came from and its weight in a blend.

    `name` and `bio` are what it calls itself. `languages` are those of its posts, most first; with `language`, the
    posts in others (`foreign`) were left out: downloaded - retweets - foreign - short = kept. Of those kept,
    `duplicates` say nearly the same as another and aren't learnt.
    """

    handle: str
    source: str
    downloaded: int
    retweets: int
    short: int
    kept: int
    characters: int
    weight: float = 1.0
    name: str = ""
    bio: str = ""
    language: str | None = None
    foreign: int = 0
    languages: tuple[tuple[str, int], ...] = ()
    masked: MaskedCounts = MaskedCounts()
    duplicates: int = 0


Method = Literal["lora", "full"]


class Hyperparameters(Message):
    """What a training run can be told; None lets the recipe choose from the base model and the amount of text.

    A "lora" persona is a small adapter on the base model; a "full" one is a whole model of its own.
    """

    method: Method = "lora"
    epochs: int | None = Field(default=None, ge=1, le=100)
    learning_rate: float | None = Field(default=None, gt=0, le=1)
    lora_rank: int | None = Field(default=None, ge=1, le=512)
    seed: int = 1


# Requests: bot → worker


class Trace(Message):
    """What a request is about, for the worker's log: somebody's request to the bot, a training."""

    request_id: str = ""
    job_id: int | None = None

    @property
    def known(self) -> dict[str, str | int]:
        return {name: value for name, value in self if value}


class BlocklistOptions(Message):
    """Words that are kept out of generated texts: a built-in list, without `allow` and with `add`."""

    enabled: bool = True
    allow: tuple[Word, ...] = HARMLESS
    add: tuple[Word, ...] = ()


class Origin(Message):
    """Where a persona that was trained elsewhere was pulled from."""

    repo: str
    revision: str


class Refresh(Message):
    """The version that a training goes on from: its folder and number, and how many posts are new since then."""

    folder: str
    version: int
    new_posts: int


class PostsDigest(Message):
    """An account's raw posts, by the SHA-256 of their content (trainer.corpus.posts_digest)."""

    handle: str
    sha256: str


class Lineage(Message):
    """What a version is to be made from, by content, and who asked for it when: of a person, `platform:user`."""

    job: int
    asked_by: str
    asked_at: datetime
    posts: tuple[PostsDigest, ...]
    corpus_sha256: str
    hyperparameters: Hyperparameters  # as they were asked for


class Tracking(Message):
    """Where runs are logged besides; `files`: posts and weights themselves, not only what is known about them."""

    backends: tuple[Literal["wandb", "trackio"], ...] = ()
    project: str = "mynah"
    offline: bool = True
    files: bool = False
    folder: str = ""  # of what they keep on this machine


class TrainRequest(Message):
    """With `refresh`, what comes out is no worse on held-out posts than what it goes on from, or else nothing does.

    A version of another base model, or of another method, can't be gone on from: then it starts from the base model.
    """

    type: Literal["train"] = "train"
    id: int
    persona: str
    accounts: tuple[AccountCounts, ...]
    corpus: str  # path of a JSON file: {"train": [...], "held_out": [...], "duplicates": 0}
    out: str  # folder that the worker creates and fills, manifest last
    contrast: str | None = None  # path of a JSON file, {handle: [...]}: other accounts' posts, for the report card
    refresh: Refresh | None = None
    hyperparameters: Hyperparameters = Hyperparameters()
    blocklist: BlocklistOptions = BlocklistOptions()  # for the sample
    lineage: Lineage | None = None
    tracking: Tracking = Tracking()
    trace: Trace = Trace()


class ExportRequest(Message):
    """Write a persona as others load it: `merged` into one model for transformers, or an adapter for PEFT.

    `folder` is a version's, `out` one that the worker creates and fills.
    """

    type: Literal["export"] = "export"
    id: int
    folder: str
    out: str
    merged: bool
    trace: Trace = Trace()


class AdoptRequest(Message):
    """Make a persona of a model that somebody has published, downloaded into `folder`; written as by TrainRequest.

    `accounts` and `origin` are what is known of it, where its own record doesn't say more.
    """

    type: Literal["adopt"] = "adopt"
    id: int
    persona: str
    folder: str
    out: str
    origin: Origin
    accounts: tuple[AccountCounts, ...]
    blocklist: BlocklistOptions = BlocklistOptions()  # for the sample
    trace: Trace = Trace()


class LoadRequest(Message):
    type: Literal["load"] = "load"
    id: int
    key: str
    folder: str
    trace: Trace = Trace()


class UnloadRequest(Message):
    type: Literal["unload"] = "unload"
    id: int
    key: str


class GenerateRequest(Message):
    """`n` samples that continue `prompt`, at most `max_tokens` new tokens each; the same seed gives the same text.

    `top_k` 0: all tokens. A sample that comes out as a quote of a training post is made anew, `quote_tries` in all; 0:
    quotes are let through.
    """

    type: Literal["generate"] = "generate"
    id: int
    key: str
    prompt: str
    n: int = Field(default=1, ge=1, le=5)
    max_tokens: int = Field(default=100, ge=1, le=1024)
    temperature: float = Field(default=0.9, ge=0.0, le=5.0)
    top_p: float = Field(default=0.95, gt=0.0, le=1.0)
    top_k: int = Field(default=0, ge=0)
    repetition_penalty: float = Field(default=1.0, gt=0.0, le=5.0)
    seed: int = 0
    stream: bool = True
    blocklist: BlocklistOptions = BlocklistOptions()
    quote_tries: int = Field(default=3, ge=0, le=20)
    trace: Trace = Trace()


class StatsRequest(Message):
    type: Literal["stats"] = "stats"
    id: int


class CancelRequest(Message):
    """Stop the request `target`; it ends with Failed(code="cancelled"). Has no answer of its own."""

    type: Literal["cancel"] = "cancel"
    id: int
    target: int


# Answers: worker → bot


class Ready(Message):
    type: Literal["ready"] = "ready"
    id: Literal[0] = 0
    protocol: int = PROTOCOL_VERSION
    base_model: str
    parameters: int


class Preview(Message):
    """What is about to be learnt: the accounts' counts, and a few posts as they will be read."""

    accounts: tuple[AccountCounts, ...]
    posts: tuple[str, ...]


class Progress(Message):
    """`done` of `total` units of a stage; losses in nats per token; `seconds_left` for the whole job, where known.

    In the stage "wait" those are the seconds until it goes on. `preview` comes once, before the training.
    """

    type: Literal["progress"] = "progress"
    id: int = 0
    stage: Stage
    done: int = 0
    total: int = 0
    loss: float | None = None
    held_out_loss: float | None = None
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    preview: Preview | None = None


class Trained(Message):
    """The persona's files are written. The request is not over: its report card follows."""

    type: Literal["trained"] = "trained"
    id: int
    n_bytes: int


class ReportCard(Message):
    """How good a persona is (trainer.report). Shares are from 0 to 1, lengths mean characters, `…_own` the author's.

    `attribution`: of bundles of generated posts, those that a classifier takes for the author's rather than for one of
    `contrast`; its ceiling: of the author's held-out bundles. `copied`: texts with eight words in a row from a training
    post. None: there was nothing to measure on.
    """

    bits_per_byte: float
    bits_per_byte_base: float
    bits_per_byte_others: float | None
    contrast: tuple[str, ...]
    generations: int
    attribution: float | None
    attribution_ceiling: float | None
    copied: float
    copied_own: float
    clean: float
    distinct_2: float
    distinct_2_own: float
    length: float
    length_own: float
    seconds: float


class Reported(Message):
    """The persona's report card, some time after Trained."""

    type: Literal["reported"] = "reported"
    id: int
    card: ReportCard


class Loaded(Message):
    type: Literal["loaded"] = "loaded"
    id: int
    n_bytes: int  # resident


class Piece(Message):
    """More text of sample `sample`; always whole characters. `again`: it replaces all that there was of the sample."""

    type: Literal["piece"] = "piece"
    id: int
    sample: int
    text: str
    again: bool = False


class Generated(Message):
    """The samples, prompt included, cleaned; `cut` when the prompt's beginning didn't fit the base model's context.

    `ended`: whether each came to its end by itself, not at its length. Of `quotes` samples every try came out as a
    quote: they are not among them.
    """

    type: Literal["generated"] = "generated"
    id: int
    samples: tuple[str, ...]
    n_tokens: int
    ended: tuple[bool, ...] = ()
    cut: bool = False
    quotes: int = 0


class Stats(Message):
    """The serve worker since its start: sums, but for what is so now (`resident`, `waiting`, `rows`).

    A step computes a token for each of its rows: `row_steps` / `steps` is the mean batch. `seconds` are from a
    request's arrival to its end, `queue_seconds` to its prompt's turn, `first_seconds` to its first token;
    `load_seconds` are of loading personas, `step_seconds` of prompts and steps.
    """

    type: Literal["stats"] = "stats"
    id: int
    resident: int = 0
    resident_bytes: int = 0
    waiting: int = 0
    rows: int = 0
    requests: int = 0
    tokens: int = 0
    seconds: float = 0.0
    queue_seconds: float = 0.0
    first_seconds: float = 0.0
    steps: int = 0
    row_steps: int = 0
    step_seconds: float = 0.0
    loads: int = 0
    load_seconds: float = 0.0


class Adopted(Message):
    """The persona's files are written."""

    type: Literal["adopted"] = "adopted"
    id: int
    n_bytes: int


class Done(Message):
    type: Literal["done"] = "done"
    id: int


FailureCode = Literal[
    "cancelled",
    "damaged",
    "diverged",
    "wrong_base",
    "no_base",
    "disk_full",
    "out_of_memory",
    "not_better",
    "not_loaded",
    "refused",
    "blocked",
    "busy",
    "internal",
]


class Failed(Message):
    """`message` is for the person who asked, unless the code is "internal"."""

    type: Literal["failed"] = "failed"
    id: int
    code: FailureCode
    message: str


Request = (
    TrainRequest
    | LoadRequest
    | UnloadRequest
    | GenerateRequest
    | StatsRequest
    | ExportRequest
    | AdoptRequest
    | CancelRequest
)
Answer = Ready | Progress | Trained | Reported | Loaded | Piece | Generated | Stats | Adopted | Done | Failed
TERMINAL = (Reported, Loaded, Generated, Stats, Adopted, Done, Failed)

_requests: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
_answers: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="type")])


def encode(message: Message) -> bytes:
    """One line, newline included. JSON escapes newlines, so the line is the frame."""
    return message.model_dump_json().encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Raises ProtocolError."""
    try:
        return _requests.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(f"not a request: {_faults(line, error)}") from None


def decode_answer(line: bytes) -> Answer:
    """Raises ProtocolError."""
    try:
        return _answers.validate_json(line)
    except ValidationError as error:
        raise ProtocolError(f"not an answer: {_faults(line, error)}") from None


def _faults(line: bytes, error: ValidationError) -> str:
    """Without what is in it: that may be somebody's text."""
    found = [(".".join(map(str, one["loc"])), one["type"]) for one in error.errors(include_input=False)]
    return f"{len(line)} bytes; " + ", ".join(f"{where or 'the line'}: {what}" for where, what in found)
