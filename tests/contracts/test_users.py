"""What every Users does, over every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import UserRules
from bot.ports import Users
from bot.store.sqlite import SqliteStore
from bot.store.users import SqliteUsers

ANN = UserRules("discord:1", blocked=True)
BEN = UserRules("telegram:2", generations_a_day=0, trainings_a_day=3)


@pytest.fixture(params=["sqlite"])
async def users(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Users]:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        yield SqliteUsers(store.database)


async def test_nothing_is_decided_at_first(users: Users) -> None:
    assert await users.users() == []
    assert await users.user("discord:1") == UserRules("discord:1")


async def test_what_is_decided_stays_by_name(users: Users) -> None:
    for rules in (BEN, ANN):
        await users.set_user(rules)
    assert [await users.user(one.user) for one in (ANN, BEN)] == [ANN, BEN]
    assert await users.users() == [ANN, BEN]


async def test_a_quota_of_nothing_is_a_quota(users: Users) -> None:
    await users.set_user(UserRules("discord:1", generations_a_day=0))
    assert await users.user("discord:1") == UserRules("discord:1", generations_a_day=0)


async def test_the_latest_counts_as_a_whole(users: Users) -> None:
    await users.set_user(UserRules("discord:1", True, 5, 6))
    await users.set_user(UserRules("discord:1", trainings_a_day=2))
    assert await users.users() == [UserRules("discord:1", trainings_a_day=2)]


async def test_rules_as_for_everybody_are_not_kept(users: Users) -> None:
    for rules in (ANN, UserRules("discord:1"), UserRules("telegram:9")):
        await users.set_user(rules)
    assert await users.users() == []


async def test_many_at_once(users: Users) -> None:
    await asyncio.gather(*(users.set_user(UserRules(f"discord:{n}", blocked=True)) for n in range(1, 9)))
    assert [one.user for one in await users.users()] == [f"discord:{n}" for n in range(1, 9)]
