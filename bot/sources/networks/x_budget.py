"""What reading from X costs, and the budget that no request may exceed.

A request is paid for before it is made, at the most that it can cost; what it has cost less is given back after. So a
kill, or an answer that is lost, leaves too much on the account, never too little. Months are UTC's.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from bot.domain import Purchase
from bot.errors import Limited, OperatorError
from bot.handles import X
from bot.money import micro, over_budget
from bot.ports import Spending
from bot.settings import XSettings
from bot.sources.networks.x_answers import TweetsAnswer, Uncharged, UserAnswer
from bot.texts import Text

MIN_PAGE, MAX_PAGE = 5, 100  # posts in one answer
logger = logging.getLogger(__name__)
T = TypeVar("T", TweetsAnswer, UserAnswer)


def utc_now() -> datetime:
    return datetime.now(UTC)


class PurseEmpty(Limited):
    pass


@dataclass
class Purse:
    """What one reading may cost; None: as much as the budget allows."""

    cap: int | None = None
    spent: int = 0

    def left(self, budget: int) -> int:
        return budget if self.cap is None else min(budget, self.cap - self.spent)

    def exceeded(self, left: int, budget: int) -> Limited:
        if self.cap is None or self.cap - self.spent > left:
            return over_budget(None, left, budget)
        return PurseEmpty(
            Text(
                "There is more to read from X than was agreed to. What was read so far is kept: train again, and it "
                "goes on from there."
            )
        )


@dataclass(frozen=True)
class Budget:
    spending: Spending
    settings: XSettings
    now: Callable[[], datetime] = utc_now

    @property
    def price_post(self) -> int:
        """In millionths of a dollar."""
        return micro(self.settings.price_post)

    async def left(self) -> int:
        """Of this month's, in millionths of a dollar; negative where the setting was lowered."""
        return micro(self.settings.monthly_budget) - await self.spending.spent(X, self._month())

    async def posts(
        self, name: str, wanted: int, purse: Purse, ask: Callable[[int], Awaitable[TweetsAnswer]]
    ) -> TweetsAnswer:
        """`wanted` posts (0: all), or as many of them as a page has and the money allows. Raises Limited."""
        left = purse.left(await self.left())
        affordable = left // self.price_post if self.price_post else MAX_PAGE
        n = max(MIN_PAGE, min(MAX_PAGE, wanted or MAX_PAGE, affordable))
        if n * self.price_post > left:
            raise purse.exceeded(left, micro(self.settings.monthly_budget))
        purse.spent += n * self.price_post
        try:
            answer = await self._pay(name, "posts", n, self.price_post, lambda: ask(n), lambda answer: answer.n_posts)
        except Exception as error:
            if isinstance(error.__cause__, Uncharged):
                purse.spent -= n * self.price_post
            raise
        purse.spent -= (n - answer.n_posts) * self.price_post
        return answer

    async def user(self, name: str, ask: Callable[[], Awaitable[UserAnswer]]) -> UserAnswer:
        """Raises Limited."""
        price = micro(self.settings.price_user)
        return await self._pay(name, "users", 1, price, ask, lambda answer: int(answer.data is not None))

    async def _pay(
        self, name: str, kind: str, n: int, price: int, ask: Callable[[], Awaitable[T]], count: Callable[[T], int]
    ) -> T:
        purchase = Purchase(X, self._month(), name, kind, n, price)
        number = await self.spending.reserve(purchase, micro(self.settings.monthly_budget))
        if number is None:
            raise over_budget(purchase.cost, await self.left(), micro(self.settings.monthly_budget))
        try:
            answer = await ask()
        except Exception as error:
            if isinstance(error.__cause__, Uncharged):
                await self.spending.settle(number, 0)
            raise
        try:
            await self.spending.settle(number, count(answer))
        except OperatorError as error:  # the answer is paid for: it counts for more than it has cost
            logger.error("what was bought from X could not be recorded: %s", error)
        return answer

    def _month(self) -> str:
        return f"{self.now():%Y-%m}"
