"""What an operation is, and how its parameters, events, result and errors cross the control socket. No I/O."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter

from bot import errors
from bot.errors import AlreadyTraining, Costly, MynahError, OperatorError
from bot.usecases.services import Services
from bot.watching import News
from trainer.protocol import Piece

OTHER_VERSION = "The bot that runs is of another version. Restart it."

P = TypeVar("P", bound="Params")
R = TypeVar("R")


class Params(BaseModel):
    """What an operation needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Nothing(Params):
    pass


class Note(BaseModel):
    """A line for the person who waits."""

    type: Literal["note"] = "note"
    text: str


Event = Note | Piece | News
Tell = Callable[[Event], Awaitable[None]]


class Gone(ConnectionError):
    """Whoever waited for the answer has gone away; raised by their Tell."""


async def unheard(event: Event) -> None:
    """A Tell for nobody."""


@dataclass(frozen=True)
class Operation(Generic[P, R]):
    """`run` is a use case, done in the process that owns the data folder. `result`: its type."""

    name: str
    params: type[P]
    result: TypeAdapter[R]
    run: Callable[[Services, P, Tell], Awaitable[R]]


class Failure(BaseModel):
    """An error by the name of its class in bot.errors, with what two of them carry besides."""

    kind: str
    message: str
    cost: int = 0
    job_id: int = 0


class Line(BaseModel):
    """One line of an answer: an event on the way, and at the end a result or an error."""

    event: Note | Piece | News | None = None
    result: Any = None
    error: Failure | None = None
    over: bool = False


def event_line(event: Event) -> bytes:
    return Line(event=event).model_dump_json(exclude_none=True).encode() + b"\n"


def result_line(operation: Operation[Any, R], result: R) -> bytes:
    return json.dumps({"result": operation.result.dump_python(result, mode="json"), "over": True}).encode() + b"\n"


def error_line(error: MynahError) -> bytes:
    failure = Failure(kind=type(error).__name__, message=str(error))
    if isinstance(error, Costly):
        failure.cost = error.cost
    if isinstance(error, AlreadyTraining):
        failure.job_id = error.job_id
    return Line(error=failure, over=True).model_dump_json().encode() + b"\n"


def raised(failure: Failure) -> MynahError:
    """The error that a Failure stands for."""
    if failure.kind == Costly.__name__:
        return Costly(failure.message, failure.cost)
    if failure.kind == AlreadyTraining.__name__:
        return AlreadyTraining(failure.message, failure.job_id)
    kinds = {kind.__name__: kind for kind in _kinds(errors.MynahError)}
    return kinds.get(failure.kind, OperatorError)(failure.message)


def _kinds(kind: type[MynahError]) -> Iterator[type[MynahError]]:
    for one in kind.__subclasses__():
        yield one
        yield from _kinds(one)
