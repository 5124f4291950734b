"""How what people ask for is handled on any messenger: once, acknowledged in time, its errors told to them."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.errors import MynahError, OperatorError
from bot.texts import OUR_FAULT, Text

THINK_SECONDS = 0.4  # what takes longer is acknowledged first
GRACE_SECONDS, GOODBYE_SECONDS = 8.0, 3.0  # of a stop: for answers under way; for telling those whose won't come
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
            await _try(think)
        await work
    finally:
        work.cancel()


async def _try(think: Callable[[], Awaitable[None]]) -> None:
    try:
        await think()
    except Exception as error:  # the answer itself may work
        logger.info("that it takes a moment could not be shown: %s", error)


async def patiently(step: Callable[[], Awaitable[None]], away: Callable[[Exception], bool], messenger: str) -> None:
    """Where a messenger can't be reached at the start: again and again. Raises what isn't that."""
    for seconds in itertools.chain((1, 2, 5, 10, 30), itertools.repeat(60)):
        try:
            await step()
        except Exception as error:
            if not away(error):
                raise
            why = str(error) or type(error).__name__
            logger.warning("%s can't be reached (%s); trying again in %d s", messenger, why, seconds)
            await asyncio.sleep(seconds)
        else:
            return


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
