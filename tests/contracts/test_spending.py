"""What every bot.ports.Spending does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import Purchase
from bot.ports import Spending
from bot.store.spending import SqliteSpending
from bot.store.sqlite import SqliteStore

CENT = 10_000


def bought(n: int = 100, month: str = "2026-11", account: str = "pip", kind: str = "posts") -> Purchase:
    return Purchase("x", month, account, kind, n, CENT)


@pytest.fixture
async def spending(tmp_path: Path) -> AsyncIterator[Spending]:
    async with SqliteStore.open(tmp_path / "store.sqlite3") as store:
        yield SqliteSpending(store.database)


async def test_nothing_is_spent_at_first(spending: Spending) -> None:
    assert await spending.spent("x", "2026-11") == 0
    assert await spending.purchases("x") == []


async def test_what_is_reserved_is_spent_and_what_is_settled_less(spending: Spending) -> None:
    number = await spending.reserve(bought(100), 200 * CENT)
    assert number is not None
    assert await spending.spent("x", "2026-11") == 100 * CENT
    await spending.settle(number, 7)
    assert await spending.spent("x", "2026-11") == 7 * CENT


async def test_a_budget_is_never_exceeded_however_many_ask_at_once(spending: Spending) -> None:
    numbers = await asyncio.gather(*(spending.reserve(bought(30), 100 * CENT) for _ in range(20)))
    assert len([number for number in numbers if number is not None]) == 3
    assert await spending.spent("x", "2026-11") == 90 * CENT
    assert await spending.reserve(bought(10), 100 * CENT) is not None  # to the last cent
    assert await spending.reserve(bought(1), 100 * CENT) is None


async def test_months_and_sources_are_apart(spending: Spending) -> None:
    await spending.reserve(bought(100), 100 * CENT)
    assert await spending.reserve(bought(100, "2026-12"), 100 * CENT) is not None
    assert await spending.spent("y", "2026-11") == 0


async def test_sums_by_month_account_and_kind(spending: Spending) -> None:
    for purchase in (
        bought(5, "2026-10"),
        bought(100),
        bought(50),
        bought(1, kind="users"),
        bought(300, account="bob"),
    ):
        await spending.reserve(purchase, 10**9)
    empty = await spending.reserve(bought(3, account="nobody"), 10**9)
    assert empty is not None
    await spending.settle(empty, 0)
    assert await spending.purchases("x") == [
        bought(300, account="bob"),
        bought(150),
        bought(1, kind="users"),
        bought(5, "2026-10"),
    ]
