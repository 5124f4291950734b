from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import different_texts
from trainer.similar import Shingles

KEPT = st.lists(st.text("abc ", min_size=1, max_size=12), max_size=30)


def unique(texts: list[str]) -> list[str]:
    seen = Shingles()
    return [text for text in texts if seen.add(text)]


@pytest.mark.parametrize(
    "again",
    [
        "the kettle is on and the lamp is lit and gerald is late again",
        "The kettle is on, and the lamp is lit, and Gerald is LATE again!!!",
        "@brenda the kettle is on and the lamp is lit and gerald is late again",
        "the kettle is on and the lamp is lit and gerald is late again #fogreport",
        "so the kettle is on and the lamp is lit and gerald is late",
    ],
)
def test_a_near_duplicate_is_one(again: str) -> None:
    assert len(unique(["the kettle is on and the lamp is lit and gerald is late again", again])) == 1


@pytest.mark.parametrize(
    "other",
    [
        "the kettle is on and the tide is out and brenda is early for once",
        "gerald is late again and the lamp is not lit, and who is at the door",
        "the lamp",
    ],
)
def test_another_post_is_not(other: str) -> None:
    assert len(unique(["the kettle is on and the lamp is lit and gerald is late again", other])) == 2


def test_numbers_and_names_make_no_difference() -> None:
    assert len(unique([f"@ship{i} day {i} of counting the gulls from up here" for i in range(9)])) == 1


def test_texts_without_words_are_told_apart() -> None:
    assert unique(["🍲", "🍪", "🍲"]) == ["🍲", "🍪"]


@given(KEPT)
def test_the_first_of_a_kind_stays_and_the_same_is_never_kept_twice(texts: list[str]) -> None:
    kept = unique(texts)
    assert kept[:1] == texts[:1]
    assert len(set(kept)) == len(kept)
    assert set(kept) <= set(texts)


def test_many_posts_with_the_same_beginning_take_seconds() -> None:
    """They would take hours if each was compared with all that share its beginning."""
    assert len(unique([f"dear ship you are {text}" for text in different_texts(20_000)])) > 19_900
