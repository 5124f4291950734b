"""What is told of a run, to every back end the same: one JSON object a line, typed by `type`. No torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from trainer.protocol import Message

Outcome = Literal["finished", "cancelled", "not better", "failed"]


class Artifact(Message):
    """What a run used or made: all that is known of it, its SHA-256 among it, and perhaps its files, path by name."""

    name: str
    type: Literal["dataset", "model"]
    sha256: str
    about: dict[str, JsonValue]
    files: dict[str, str] = Field(default_factory=dict)


class Table(Message):
    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


class Started(Message):
    """A training is two runs of a group: one makes the corpus, the other the persona."""

    type: Literal["started"] = "started"
    name: str
    group: str
    kind: Literal["corpus", "training"]
    config: dict[str, JsonValue]


class Logged(Message):
    """Figures at an optimizer step; steps never go back."""

    type: Literal["logged"] = "logged"
    values: dict[str, float]
    step: int


class Shown(Message):
    type: Literal["shown"] = "shown"
    table: Table
    step: int


class Used(Message):
    type: Literal["used"] = "used"
    artifact: Artifact


class Made(Message):
    type: Literal["made"] = "made"
    artifact: Artifact


class Ended(Message):
    type: Literal["ended"] = "ended"
    outcome: Outcome


Event = Started | Logged | Shown | Used | Made | Ended

_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])


def encode(event: Event) -> bytes:
    """One line, newline included."""
    return event.model_dump_json().encode() + b"\n"


def decode(line: bytes) -> Event:
    """Raises pydantic.ValidationError."""
    return _events.validate_json(line)
