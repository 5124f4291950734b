"""Asking a network until it answers: waiting as long as it says, or longer from time to time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from bot.errors import UserError
from bot.ports import FetchProgress
from bot.texts import Text

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds
COUNTDOWN = 5.0  # seconds between two looks at how long it still takes
T = TypeVar("T")


class TryLater(UserError):
    """The network doesn't answer as it should at the moment. `seconds`: it has said when it will.

    `paid`: asking has perhaps cost money all the same, so it is done once more and not again.
    """

    def __init__(self, text: Text, seconds: float | None = None, paid: bool = False) -> None:
        super().__init__(text)
        self.seconds, self.paid = seconds, paid


@dataclass(frozen=True)
class Patience:
    """How long to wait for one answer, in seconds: for limits that a network tells of, and for its troubles.

    X's longest window is 15 minutes (https://docs.x.com/x-api/fundamentals/rate-limits).
    """

    limits: float = 16 * 60
    troubles: float = 3 * 60
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def ask(self, question: Callable[[], Awaitable[T]], tell: Callable[[float], None]) -> T:
        """`tell` hears how long a wait still takes. Raises TryLater when it takes too long."""
        limited = troubled = 0.0
        wait, n_paid = FIRST_WAIT, 0
        while True:
            try:
                return await question()
            except TryLater as error:
                pause = wait if error.seconds is None else error.seconds
                if error.seconds is None:
                    troubled, wait = troubled + pause, min(2 * wait, LONGEST_WAIT)
                else:
                    limited += pause
                n_paid += error.paid
                if limited > self.limits or troubled > self.troubles or n_paid > 1:
                    raise
            while pause > 0:
                tell(pause)
                await self.sleep(min(pause, COUNTDOWN))
                pause -= COUNTDOWN


PATIENT = Patience()
HASTY = Patience(limits=5, troubles=3)  # somebody waits for the answer


def waiting(progress: FetchProgress, done: int, total: int) -> Callable[[float], None]:
    """Tells a FetchProgress of waits."""
    return lambda seconds: progress(done, total, seconds)


def nonsense(error: Exception) -> Text:
    """What is wrong with an answer, for who can't see it."""
    if isinstance(error, ValidationError):
        return Text("something is missing in it")
    return Text("it is not JSON, or cut short")
