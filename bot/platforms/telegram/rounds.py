"""What was generated for inline queries: as it comes, for more pages of it, and for a while after."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field

from bot.domain import Utterance

REMEMBERED = 256  # rounds
SECONDS = 300  # for which the same question gets the same answers

Key = tuple[str, str, str]  # who asked, which version of which persona, the prompt


@dataclass(eq=False)
class Round:
    """`samples`: different ones, in the order of their coming. `cut`: the prompt's beginning was left out."""

    samples: list[str] = field(default_factory=list)
    error: Exception | None = None
    task: asyncio.Task[None] | None = None
    begun: float = field(default_factory=time.monotonic)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def usable(self) -> bool:
        """Not failed, and not so old that people would like others."""
        return time.monotonic() - self.begun < SECONDS and not (self.finished and self.error)

    @property
    def finished(self) -> bool:
        return self.task is not None and self.task.done()

    async def run(self, utterances: AsyncGenerator[Utterance, None]) -> None:
        try:
            async with aclosing(utterances):
                async for utterance in utterances:
                    self.samples += [one for one in utterance.samples if one not in self.samples]
                    self._news.set()
        except Exception as error:
            self.error = error

    async def more_than(self, n: int, seconds: float, at_most: float) -> None:
        """All there will be, or as much as comes in `seconds`, or the first one after `n`; `at_most` so long."""
        assert self.task is not None
        await asyncio.wait([self.task], timeout=seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most - seconds):
                while not self.finished and len(self.samples) <= n:
                    self._news.clear()
                    news = asyncio.ensure_future(self._news.wait())
                    try:
                        await asyncio.wait([self.task, news], return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        news.cancel()


@dataclass
class Rounds:
    """One unfinished round for each person: who types on doesn't want the one before."""

    _rounds: OrderedDict[Key, Round] = field(default_factory=OrderedDict)

    def of(self, key: Key, start: Callable[[], AsyncGenerator[Utterance, None]]) -> Round:
        """The one there is, or a new one."""
        known = self._rounds.get(key)
        if known is not None and known.usable:
            self._rounds.move_to_end(key)
            return known
        self._end_others(key)
        for old in [one for one, its in self._rounds.items() if not its.usable]:
            self._end(old)
        made = self._rounds[key] = Round()
        made.task = asyncio.create_task(made.run(start()))
        if len(self._rounds) > REMEMBERED:
            self._end(next(iter(self._rounds)))
        return made

    def _end_others(self, key: Key) -> None:
        for other in [one for one in self._rounds if one[0] == key[0] and not self._rounds[one].finished]:
            self._end(other)

    def _end(self, key: Key) -> None:
        ended = self._rounds.pop(key)
        if ended.task is not None:
            ended.task.cancel()

    def close(self) -> None:
        for key in list(self._rounds):
            self._end(key)
