"""What every Inbox does, over every implementation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain import Letter
from bot.ports import Inbox
from bot.store.inbox import KNOWN, SqliteInbox
from bot.store.sqlite import SqliteStore


@pytest.fixture(params=["sqlite"])
async def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Inbox]:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        yield SqliteInbox(store.database)


async def test_what_is_not_dealt_with_is_there_for_the_next_process(inbox: Inbox) -> None:
    for number in (7, 5, 6):
        assert await inbox.keep(number, f"letter {number}")
    await inbox.note(6, "shown")
    await inbox.done(7)
    assert await inbox.reopen() == [Letter(5, "letter 5", None, 1), Letter(6, "letter 6", "shown", 1)]
    assert [letter.tries for letter in await inbox.reopen()] == [2, 2]


async def test_what_comes_again_is_known_also_when_it_was_dealt_with(inbox: Inbox) -> None:
    assert await inbox.keep(5, "one")
    assert not await inbox.keep(5, "two")
    await inbox.done(5)
    assert not await inbox.keep(5, "three")
    assert await inbox.reopen() == []


async def test_only_the_latest_numbers_stay_known(inbox: Inbox) -> None:
    await inbox.keep(1, "done")
    await inbox.keep(2, "open")
    await inbox.done(1)
    for number in range(KNOWN):
        await inbox.keep(10_000 - number, "later")  # numbers may begin anew
    assert not await inbox.keep(2, "open")
    assert await inbox.keep(1, "forgotten")


async def test_a_process_that_ends_as_it_should_leaves_no_suspicion(inbox: Inbox) -> None:
    await inbox.keep(5, "one")
    await inbox.reopen()
    await inbox.rest()
    assert [letter.tries for letter in await inbox.reopen()] == [1]


async def test_what_was_dealt_with_is_nowhere_on_the_disk(inbox: Inbox, tmp_path: Path) -> None:
    await inbox.keep(5, "a secret of ann's")
    await inbox.done(5)
    await inbox.tidy()
    for path in tmp_path.iterdir():
        assert b"a secret of ann's" not in path.read_bytes(), path
