from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.posts import MAX_CHARACTERS
from bot.sources.zstd import append_posts, read_posts, write_posts
from trainer.corpus import Post

POSTS = st.builds(
    Post,
    st.text(max_size=60) | st.just("RT @ is how it begins"),
    st.booleans(),
    st.none() | st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),
    st.none() | st.sampled_from(["17", "at://did:plc:a/app.bsky.feed.post/b"]),
    st.none() | st.sampled_from(["en", "pt-BR"]),
)


@given(st.lists(POSTS))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, posts: list[Post]) -> None:
    path = tmp_path_factory.mktemp("stored") / "new" / "pip.jsonl.zst"
    write_posts(path, posts)
    assert list(read_posts(path)) == posts


def test_the_longest_post_can_be_read_back(tmp_path: Path) -> None:
    post = Post("\x01" * MAX_CHARACTERS)
    write_posts(tmp_path / "pip.jsonl.zst", [post, Post("half \ud83d")])
    assert list(read_posts(tmp_path / "pip.jsonl.zst")) == [post, Post("half ?")]


def test_an_interrupted_write_changes_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Post]:
        yield Post("new")
        raise KeyboardInterrupt

    write_posts(tmp_path / "pip.jsonl.zst", [Post("old")])
    with pytest.raises(KeyboardInterrupt):
        write_posts(tmp_path / "pip.jsonl.zst", interrupted())
    assert [path.name for path in tmp_path.iterdir()] == ["pip.jsonl.zst"]
    assert list(read_posts(tmp_path / "pip.jsonl.zst")) == [Post("old")]


def test_pages_are_added_and_a_torn_one_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "pip.part.zst"
    append_posts(path, [Post("one"), Post("two")])
    whole = path.stat().st_size
    append_posts(path, [Post("three")])
    assert [post.text for post in read_posts(path)] == ["one", "two", "three"]
    for size in range(whole, path.stat().st_size):
        torn = tmp_path / "torn.zst"
        torn.write_bytes(path.read_bytes()[:size])
        assert [post.text for post in read_posts(torn)][:2] == ["one", "two"]


def test_there_is_no_file(tmp_path: Path) -> None:
    assert list(read_posts(tmp_path / "nothing.zst")) == []
