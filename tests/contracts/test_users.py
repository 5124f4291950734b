"""What every Users does, over every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import UserRules
from bot.errors import NotFound
from bot.ports import Users
from bot.store.sqlite import SqliteStore
from bot.store.users import SqliteUsers

ANN = UserRules("discord:1", blocked=True)
BEN = UserRules("telegram:2", generations_a_day=0, trainings_a_day=3)


async def decide(users: Users, rules: UserRules) -> None:
    assert await users.change_user(rules.user, lambda _: rules) == rules


@pytest.fixture(params=["sqlite"])
async def users(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Users]:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        yield SqliteUsers(store.database)


async def test_nothing_is_decided_at_first(users: Users) -> None:
    assert await users.users() == []
    assert await users.user("discord:1") == UserRules("discord:1")


async def test_what_is_decided_stays_by_name(users: Users) -> None:
    for rules in (BEN, ANN):
        await decide(users, rules)
    assert [await users.user(one.user) for one in (ANN, BEN)] == [ANN, BEN]
    assert await users.users() == [ANN, BEN]


async def test_a_quota_of_nothing_is_a_quota(users: Users) -> None:
    await decide(users, UserRules("discord:1", generations_a_day=0))
    assert await users.user("discord:1") == UserRules("discord:1", generations_a_day=0)


async def test_the_latest_counts_as_a_whole(users: Users) -> None:
    await decide(users, UserRules("discord:1", True, 5, 6))
    await decide(users, UserRules("discord:1", trainings_a_day=2))
    assert await users.users() == [UserRules("discord:1", trainings_a_day=2)]


async def test_rules_as_for_everybody_are_not_kept(users: Users) -> None:
    for rules in (ANN, UserRules("discord:1"), UserRules("telegram:9")):
        await decide(users, rules)
    assert await users.users() == []


async def test_many_at_once(users: Users) -> None:
    await asyncio.gather(*(decide(users, UserRules(f"discord:{n}", blocked=True)) for n in range(1, 9)))
    assert [one.user for one in await users.users()] == [f"discord:{n}" for n in range(1, 9)]


async def test_a_change_begins_with_what_there_is(users: Users) -> None:
    await decide(users, BEN)
    changed = await users.change_user("telegram:2", lambda rules: replace(rules, blocked=True))
    assert changed == await users.user("telegram:2") == UserRules("telegram:2", True, 0, 3)


async def test_of_changes_at_once_none_is_lost(users: Users) -> None:
    def count(rules: UserRules) -> UserRules:
        return replace(rules, trainings_a_day=(rules.trainings_a_day or 0) + 1)

    await asyncio.gather(*(users.change_user("discord:1", count) for _ in range(8)))
    assert (await users.user("discord:1")).trainings_a_day == 8


async def test_a_change_that_is_refused_changes_nothing(users: Users) -> None:
    def refuse(rules: UserRules) -> UserRules:
        raise NotFound("There is no block to lift.")

    await decide(users, ANN)
    with pytest.raises(NotFound):
        await users.change_user("discord:1", refuse)
    assert await users.users() == [ANN]
