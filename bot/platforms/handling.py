"""How what people ask for is handled on any messenger: once, acknowledged in time, its errors told to them."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.errors import MynahError, OperatorError
from bot.texts import OUR_FAULT, Text

THINK_SECONDS = 0.4  # what takes longer is acknowledged first
GRACE_SECONDS, GOODBYE_SECONDS = 1.0, 3.0  # of a stop: for what is nearly done; for telling the others
REMEMBERED = 4096  # events that are recognized when they come again
logger = logging.getLogger(__name__)


@dataclass
class Seen:
    """The latest ids."""

    _ids: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def again(self, number: int) -> bool:
        """Whether this one came before."""
        if number in self._ids:
            return True
        self._ids[number] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return False


async def acknowledged(work: asyncio.Future[None], think: Callable[[], Awaitable[None]]) -> None:
    """The work to its end; `think` shows that it takes a moment, where it does. Raises what the work raises."""
    try:
        done, _ = await asyncio.wait([work], timeout=THINK_SECONDS)
        if not done:
            await think()
        await work
    finally:
        work.cancel()


def reason(error: Exception) -> str:
    """What a person is told. The operator's part of it is logged."""
    if isinstance(error, OperatorError):
        logger.error("%s", error)
        return OUR_FAULT
    if isinstance(error, MynahError):
        return error.text
    logger.error("a command failed", exc_info=error)
    return Text(
        "Something went wrong inside ({error}); the operator's log has the details. Try again.",
        error=type(error).__name__,
    )
