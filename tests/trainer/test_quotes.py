from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.quotes import QUOTED_WORDS, Quotes, read_quotes, words_of

from .helpers import POSTS


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("the tide came in, looked around, and left.", True),  # eight words, the whole of a post
        ("well, well: The tide came in -- looked around and LEFT again", True),
        ("the tide came in, looked around, and stayed.", False),
        ("gerald has taken the good biscuit", True),  # a whole short post
        ("gerald has taken the good", False),
        ("now gerald has taken the good biscuit", False),
        ("", False),
        ("🍪", False),
    ],
)
def test_quotes(text: str, quoted: bool) -> None:
    assert Quotes.of(POSTS).is_one(text) is quoted


def test_the_last_words() -> None:
    quotes = Quotes.of(POSTS)
    words = words_of("so dear ship you have a very nice sort of")
    assert quotes.ends_in_one(words)
    assert not quotes.ends_in_one(words[:-2])
    assert not quotes.ends_in_one([*words, "tea"])


@given(st.lists(st.text("ab ", min_size=1, max_size=60), max_size=20))
def test_every_run_and_every_short_post_is_found(posts: list[str]) -> None:
    quotes = Quotes.of(posts)
    for post in posts:
        words = words_of(post)
        assert quotes.is_one(post) is bool(words)
        for i in range(len(words) - QUOTED_WORDS + 1):
            assert quotes.ends_in_one(words[: i + QUOTED_WORDS])


def test_it_is_small_and_comes_back(tmp_path: Path) -> None:
    posts = [f"number {i} complains about numbers {i + 1} and {i + 2} again and again" for i in range(500)]
    quotes = Quotes.of(posts)
    words = sum(map(len, map(words_of, posts)))
    assert quotes.n_bytes <= 4 * words
    quotes.save(tmp_path)
    again = read_quotes(tmp_path)
    assert again is not None
    assert (again.hashes == quotes.hashes).all()
    assert again.is_one(posts[7])


def test_a_persona_without_an_index(tmp_path: Path) -> None:
    assert read_quotes(tmp_path) is None


def test_no_posts(tmp_path: Path) -> None:
    Quotes.of([]).save(tmp_path)
    quotes = read_quotes(tmp_path)
    assert quotes is not None
    assert not quotes.is_one("anything at all")
