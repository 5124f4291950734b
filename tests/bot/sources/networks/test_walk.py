"""Whatever is written, read, cut off and read again: every post once, and none is missing."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import UserError
from bot.ports import unheard
from bot.sources.networks.accounts import Account, AccountStore, Gap
from bot.sources.networks.patience import Patience, TryLater
from bot.sources.networks.walk import Page, Walk
from bot.texts import Text
from trainer.corpus import Post

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Timeline:
    """Posts by number, oldest first. `given` are those that were handed out; `fails_after` so many pages, it stops."""

    n_posts: int = 0
    given: list[int] = field(default_factory=list)
    fails_after: int = 1000

    async def page(self, gap: Gap, wanted: int) -> Page:
        if not self.fails_after:
            raise TryLater(Text("It doesn't answer."))
        self.fails_after -= 1
        newest = int(gap.cursor or self.n_posts)  # exclusive, as all numbers here
        oldest = max(int(gap.since or -1), newest - 1 - min(7, wanted or 7))
        numbers = range(newest - 1, oldest, -1)
        self.given += numbers
        more = oldest > int(gap.since or -1)
        return Page(tuple(map(post, numbers)), str(oldest + 1) if more else None)


def post(number: int) -> Post:
    return Post(f"post {number}", created_at=START + timedelta(minutes=number), id=str(number))


async def no_sleep(seconds: float) -> None:
    pass


def walk(store: AccountStore, timeline: Timeline) -> Walk:
    patience = Patience(troubles=0, sleep=no_sleep)
    return Walk(store, "pip", timeline.page, lambda posts: str(max(int(one.id or 0) for one in posts)), patience)


def known(store: AccountStore, timeline: Timeline) -> Account:
    before = store.account("pip") or Account(id="1", name="Pip")
    return before.model_copy(update={"n_posts": timeline.n_posts})


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([0, 3, 10, 25]), st.sampled_from([0, 1, 2, 3, 1000])), max_size=6
)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_every_post_once_and_none_missing(steps: list[tuple[int, int, int]]) -> None:
    """Steps: so many posts are written; so many are wanted (0: all); after so many pages the network is gone."""
    asyncio.run(_live(steps))


async def _live(steps: list[tuple[int, int, int]]) -> None:
    timeline = Timeline()
    with tempfile.TemporaryDirectory() as folder:
        store = AccountStore(Path(folder), "x")
        for written, limit, fails_after in [*steps, (1, 0, 1000)]:
            timeline.n_posts += written
            timeline.fails_after = fails_after
            try:
                found = await walk(store, timeline).latest(known(store, timeline), limit, unheard)
            except UserError:  # cut off: the next one goes on
                continue
            wanted = range(timeline.n_posts - 1, -1, -1)[: limit or None]
            assert [one.id for one in found] == [str(number) for number in wanted]
        assert sorted(timeline.given) == list(range(timeline.n_posts))
        assert known(store, timeline).gaps == ()


@pytest.mark.parametrize("limit", [0, 5])
async def test_an_account_that_has_written_nothing_yet(tmp_path: Path, limit: int) -> None:
    store, timeline = AccountStore(tmp_path, "x"), Timeline()
    assert await walk(store, timeline).latest(known(store, timeline), limit, unheard) == []
    timeline.n_posts = 3
    assert len(await walk(store, timeline).latest(known(store, timeline), limit, unheard)) == 3
