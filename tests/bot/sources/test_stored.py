from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import AccountSource
from bot.errors import BadInput, NotFound
from bot.ports import unheard
from bot.sources.lines import jsonl_posts
from bot.sources.posts import MAX_CHARACTERS
from bot.sources.stored import StoredSource
from bot.sources.zstd import write_posts
from tests.bot.sources.archives import read
from trainer.corpus import Post


def keep(data_dir: Path, persona: str, handle: str, text: str, mtime: int) -> None:
    path = data_dir / "personas" / persona / "posts" / f"{handle}.jsonl"
    write_posts(path, [Post(text)])
    os.utime(path, (mtime, mtime))


@pytest.mark.asyncio
async def test_the_newest_posts_win(tmp_path: Path) -> None:
    for persona, mtime in [("pip", 100), ("ladle-pip", 300), ("bob-pip", 200)]:
        keep(tmp_path, persona, "pip", persona, mtime)
    source = StoredSource(tmp_path)
    account = source.resolve("pip")
    assert account == AccountSource("pip", "stored:personas/ladle-pip/posts/pip.jsonl")
    assert await source.fetch(account, 0, unheard) == [Post("ladle-pip")]
    assert source.resolve("pip", {"pip", "bob-pip"}) == AccountSource("pip", "stored:personas/bob-pip/posts/pip.jsonl")
    assert source.resolve("pip", set()) is None


def test_handles_are_names_not_patterns(tmp_path: Path) -> None:
    source = StoredSource(tmp_path)
    assert source.resolve("pip") is None  # no folder yet
    keep(tmp_path, "pip", "pip", "hello", 1)
    for handle in ("*", "p?p", "[p]ip", "../posts/pip", "\0", "", "pi", "pip.jsonl"):
        assert source.resolve(handle) is None


@pytest.mark.asyncio
@pytest.mark.parametrize("reference", ["stored:gone.jsonl", "stored:../x.jsonl", "stored:", "file:x.jsonl"])
async def test_references_stay_inside(tmp_path: Path, reference: str) -> None:
    (tmp_path / "x.jsonl").write_text('"secret"')
    (tmp_path / "data").mkdir()
    for outside in (reference, f"stored:{tmp_path}/x.jsonl"):
        with pytest.raises(NotFound, match="The posts of @pip are not kept any more"):
            await StoredSource(tmp_path / "data").fetch(AccountSource("pip", outside), 0, unheard)


@pytest.mark.asyncio
async def test_damaged_posts(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text("{")
    with pytest.raises(BadInput, match=r"x.jsonl, line 1"):
        await StoredSource(tmp_path).fetch(AccountSource("pip", "stored:x.jsonl"), 0, unheard)


POSTS = st.builds(
    Post,
    st.text(max_size=60).filter(lambda text: not text.startswith("RT @")),
    st.booleans(),
    st.none() | st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),
)


@given(st.lists(POSTS))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, posts: list[Post]) -> None:
    path = tmp_path_factory.mktemp("stored") / "new" / "pip.jsonl"
    write_posts(path, posts)
    assert sorted(read(path, jsonl_posts), key=repr) == sorted(posts, key=repr)


def test_the_longest_post_can_be_read_back(tmp_path: Path) -> None:
    post = Post("\x01" * MAX_CHARACTERS)
    write_posts(tmp_path / "pip.jsonl", [post, Post("half \ud83d")])
    assert read(tmp_path / "pip.jsonl", jsonl_posts) == [post, Post("half ?")]


def test_an_interrupted_write_changes_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Post]:
        yield Post("new")
        raise KeyboardInterrupt

    write_posts(tmp_path / "pip.jsonl", [Post("old")])
    with pytest.raises(KeyboardInterrupt):
        write_posts(tmp_path / "pip.jsonl", interrupted())
    assert [path.name for path in tmp_path.iterdir()] == ["pip.jsonl"]
    assert read(tmp_path / "pip.jsonl", jsonl_posts) == [Post("old")]
