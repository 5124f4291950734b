from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.attribution import BUCKETS, BUNDLE, SIZES, Attribution, draw, ngram_counts


def posts_by(letters: str, n: int, seed: int = 0) -> list[str]:
    """An author with favourite letters."""
    rng = random.Random(f"{letters}{seed}")
    return [" ".join("".join(rng.choices(letters, k=4)) for _ in range(6)) for _ in range(n)]


ACCOUNTS = {"one": posts_by("aeioubcd", 200), "two": posts_by("bcdfghae", 200), "three": posts_by("xyzae", 50)}


def test_bundles_are_told_apart() -> None:
    classifier = Attribution(ACCOUNTS)
    assert classifier.accuracy("one", posts_by("aeioubcd", 60, seed=1), 1) == 1
    assert classifier.accuracy("two", posts_by("bcdfghae", 60, seed=1), 1) == 1
    assert classifier.accuracy("one", posts_by("bcdfghae", 60, seed=1), 1) == 0


def test_bundles_of_two_authors_posts_are_in_between() -> None:
    mixed = posts_by("aeioubcd", 30, seed=1) + posts_by("bcdfghae", 30, seed=1)
    classifier = Attribution(ACCOUNTS)
    found = [classifier.accuracy("one", mixed, seed) for seed in range(5)]
    assert 0.1 < sum(found) / 5 < 0.9
    assert found == [classifier.accuracy("one", mixed, seed) for seed in range(5)]


@pytest.mark.parametrize("n", [1, 5, BUNDLE, 3 * BUNDLE])
def test_a_bundle_is_full(n: int) -> None:
    posts = [str(i) for i in range(n)]
    bundle = draw(posts, random.Random(1))
    assert len(bundle) == BUNDLE
    assert set(bundle) <= set(posts)
    assert len(set(bundle)) == BUNDLE or n < BUNDLE


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=5))
def test_every_n_gram_is_counted_once(posts: list[str]) -> None:
    counts = ngram_counts(posts)
    assert counts.shape == (BUCKETS,)
    assert counts.sum() == sum(max(0, len(post) + 2 - size + 1) for post in posts for size in SIZES)
    assert np.array_equal(counts, sum(ngram_counts([post]) for post in posts))
