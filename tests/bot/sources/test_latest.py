from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.sources.latest import latest
from trainer.corpus import Post

START = datetime(2020, 1, 1, tzinfo=UTC)


def dated(*days: int) -> list[Post]:
    return [Post(f"day {day}", created_at=START + timedelta(days=day)) for day in days]


def test_dated_posts_come_newest_first() -> None:
    assert [post.text for post in latest(dated(2, 9, 4), 2)] == ["day 9", "day 4"]


def test_undated_posts_keep_their_order_and_the_last_ones_stay() -> None:
    assert [post.text for post in latest(map(Post, "abcd"), 3)] == ["b", "c", "d"]


def test_no_limit() -> None:
    assert len(latest(dated(*range(50)), 0)) == 50
    assert len(latest(map(Post, "abcd"), 0)) == 4
    assert latest([], 0) == latest([], 5) == []


def test_undated_posts_fill_the_room_that_dated_ones_leave() -> None:
    mixed = [Post("a"), *dated(1), Post("b"), *dated(2), Post("c")]
    assert [post.text for post in latest(mixed, 4)] == ["day 2", "day 1", "b", "c"]
    assert [post.text for post in latest(mixed, 2)] == ["day 2", "day 1"]
    assert [post.text for post in latest(mixed, 0)] == ["day 2", "day 1", "a", "b", "c"]


def test_posts_of_one_moment_stay_in_order() -> None:
    posts = [Post(text, created_at=START) for text in "abc"]
    assert [post.text for post in latest(posts, 2)] == ["a", "b"]


@given(st.lists(st.integers(0, 30)), st.integers(1, 40))
def test_the_same_as_sorting_everything(days: list[int], limit: int) -> None:
    posts = dated(*days)
    everything = sorted(posts, key=lambda post: post.created_at or START, reverse=True)
    assert latest(posts, limit) == everything[:limit]


def test_memory_is_bounded_by_the_limit() -> None:
    alive = 0

    class Counted(str):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    most = 0

    def posts() -> Iterator[Post]:
        nonlocal alive, most
        for day in range(5_000):
            alive += 1
            most = max(most, alive)
            yield Post(Counted("x"), created_at=START + timedelta(days=day % 77))

    assert len(latest(posts(), 10)) == 10
    assert most < 20
