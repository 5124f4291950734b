"""Whose posts are these? A character n-gram classifier: multinomial naive Bayes with additive smoothing
(Manning, Raghavan, Schütze, Introduction to Information Retrieval, 2008, ch. 13), as in authorship attribution.

Single posts say little; a bundle of twenty is reliable. The n-grams are hashed into a table of counts, so that memory
does not grow with the text.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from itertools import accumulate

import numpy as np

BUNDLE = 20  # posts
BUNDLES = 50  # drawn from a set of posts to measure on
SIZES = (1, 2, 3, 4)  # characters
BITS = 18
BUCKETS = 2**BITS
SMOOTHING = 0.05
_PRIME = np.uint64(0x9E3779B97F4A7C15)


class Attribution:
    """Knows the given accounts' posts, at least two accounts with one post each; as much of each."""

    def __init__(self, accounts: Mapping[str, Sequence[str]]) -> None:
        self.names = list(accounts)
        least = min(sum(map(len, posts)) for posts in accounts.values())
        counts = np.stack([ngram_counts(cut(posts, least)) for posts in accounts.values()]) + SMOOTHING
        self._log_shares = np.log(counts / counts.sum(axis=1, keepdims=True))

    def author(self, posts: Sequence[str]) -> str:
        """The account that all of these posts are most likely by."""
        likelihoods = self._log_shares @ ngram_counts(posts)
        return self.names[int(likelihoods.argmax())]

    def accuracy(self, name: str, posts: Sequence[str], seed: int) -> float:
        """Share of bundles, drawn from these posts at random, that are taken for the account's."""
        rng = random.Random(seed)
        bundles = [draw(posts, rng) for _ in range(BUNDLES)]
        return sum(self.author(bundle) == name for bundle in bundles) / len(bundles)


def cut(posts: Sequence[str], characters: int) -> list[str]:
    """The first posts, up to so many characters or a post more: a class that is better known draws doubtful texts."""
    ends = accumulate(map(len, posts), initial=0)
    return [post for post, before in zip(posts, ends, strict=False) if before < characters]


def draw(posts: Sequence[str], rng: random.Random) -> list[str]:
    """A bundle; from fewer posts than it holds, some more than once."""
    return rng.sample(posts, BUNDLE) if len(posts) >= BUNDLE else rng.choices(posts, k=BUNDLE)


def ngram_counts(posts: Sequence[str]) -> np.ndarray:
    """(BUCKETS,) how often each bucket's n-grams occur; none spans two posts."""
    coded = [np.frombuffer(f" {post} ".encode("utf-32-le"), dtype=np.uint32).astype(np.uint64) for post in posts]
    return np.bincount(
        np.concatenate([_hashes(codes, size) for codes in coded for size in SIZES]), minlength=BUCKETS
    ).astype(np.float64)


def _hashes(codes: np.ndarray, size: int) -> np.ndarray:
    """A bucket for each run of `size` codes; 64-bit arithmetic wraps around."""
    n = len(codes) - size + 1
    if n <= 0:
        return np.empty(0, dtype=np.int64)
    total = np.full(n, size, dtype=np.uint64)
    for i in range(size):
        total = (total ^ codes[i : i + n]) * _PRIME
    return (total >> np.uint64(64 - BITS)).astype(np.int64)
