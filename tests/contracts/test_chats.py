"""What every Chats does, over every implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain import AccountSource, Caller, JobMessage, JobState
from bot.policy import Rules
from bot.ports import Chats, Store
from bot.store.chats import SqliteChats
from bot.store.sqlite import SqliteStore

CALLER = Caller("discord", "42", "7", "discord:1")


@dataclass
class Both:
    chats: Chats
    store: Store

    async def job(self, persona: str = "alice", caller: Caller = CALLER) -> int:
        return (await self.store.add_job([AccountSource(persona, "file:/a")], persona, caller)).id


@pytest.fixture(params=["sqlite"])
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Both]:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        yield Both(SqliteChats(store.database), store)


async def test_rules_of_a_space(both: Both) -> None:
    assert await both.chats.rules("discord:1") == Rules()
    rules = Rules(channels=("1", "2"), persona="alice", trainings_a_day=3, in_its_name=True)
    await both.chats.change_rules("discord:1", lambda _: Rules())
    await both.chats.change_rules("discord:1", lambda _: rules)
    assert await both.chats.rules("discord:1") == rules
    assert await both.chats.rules("discord:2") == Rules()


async def test_usage_is_counted_by_the_day(both: Both) -> None:
    for _ in range(2):
        await both.chats.use("discord:1", "generation", "2026-01-01", 2)
    await both.chats.use("discord:1", "training", "2026-01-01", 1)
    assert await both.chats.used("discord:1", "generation", "2026-01-01") == 4
    assert await both.chats.used("discord:2", "generation", "2026-01-01") == 0
    await both.chats.use("discord:1", "generation", "2026-01-02", 1)
    assert await both.chats.used("discord:1", "generation", "2026-01-02") == 1
    assert await both.chats.used("discord:1", "training", "2026-01-01") == 1


async def test_optouts(both: Both) -> None:
    for handle in ("bob", "alice", "bob"):
        await both.chats.opt_out(handle)
    assert await both.chats.optouts() == {"alice", "bob"}
    await both.chats.opt_in("bob")
    assert await both.chats.optouts() == {"alice"}


async def test_a_jobs_message_and_whether_it_tells_the_end(both: Both) -> None:
    job_id = await both.job()
    other = await both.job("bob", Caller("telegram", "1", "2"))
    assert await both.chats.message(job_id) is None
    for number in (job_id, other):
        await both.chats.set_message(JobMessage(number, "7", "8"))
    await both.chats.set_message(JobMessage(job_id, "7", "9"))
    assert await both.chats.message(job_id) == JobMessage(job_id, "7", "9")
    assert await both.chats.untold("discord") == []
    for number in (job_id, other):
        await both.store.move_job(number, JobState.CANCELLED)
    assert await both.chats.untold("discord") == [job_id]
    await both.chats.tell(job_id)
    assert await both.chats.untold("discord") == []


async def test_forgetting_a_persona_forgets_where_its_jobs_were_shown(both: Both) -> None:
    job_id = await both.job()
    await both.chats.set_message(JobMessage(job_id, "7", "8"))
    await both.store.move_job(job_id, JobState.CANCELLED)
    await both.store.forget("alice")
    assert await both.chats.message(job_id) is None


async def test_notes(both: Both) -> None:
    assert await both.chats.note("commands") is None
    for text in ("old", "new"):
        await both.chats.set_note("commands", text)
    assert await both.chats.note("commands") == "new"


async def test_a_space_that_gets_another_name_keeps_what_it_has(both: Both) -> None:
    caller = Caller("telegram", "42", "-5", "telegram:-5")
    job = await both.job("alice", caller)
    rules = Rules(everyone_trains=True)
    await both.chats.change_rules("telegram:-5", lambda _: rules)
    await both.chats.use("telegram:-5", "generation", "2026-01-01", 3)
    await both.chats.set_message(JobMessage(job, "-5", "9"))
    await both.chats.move("telegram:-5", "telegram:-1005", "-5", "-1005")
    await both.chats.move("telegram:-5", "telegram:-1005", "-5", "-1005")
    assert await both.chats.rules("telegram:-1005") == rules
    assert await both.chats.used("telegram:-1005", "generation", "2026-01-01") == 3
    moved = await both.store.job(job)
    assert moved is not None
    assert (moved.caller.space, moved.caller.channel) == ("telegram:-1005", "-1005")
    assert await both.chats.message(job) is None
