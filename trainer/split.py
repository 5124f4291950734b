"""Accounts' posts → what is trained on and what is held out: near-duplicates gone, voices balanced. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from trainer.corpus import AccountCorpus
from trainer.similar import Shingles

HELD_OUT_SHARE = 0.08
LEAST_SHARE = 0.04  # chance holds out fewer of a small account
MOST_PART = 4  # and more of a tiny one
MOST_REPEATS = 50  # of a small account beside a large one: more would only be learnt by heart, and takes days


@dataclass(frozen=True, slots=True)
class Split:
    """Cleaned texts without near-duplicates (so many of each account): to train on (balanced, shuffled), held out."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    duplicates: tuple[int, ...] = ()


def split(accounts: Sequence[AccountCorpus], seed: int, weights: Sequence[float] = ()) -> Split:
    """Near-duplicates removed, then a random share of each account held out, then the accounts balanced.

    Random rather than by time: the persona has to speak as the account does over its whole life, and a split by time
    would measure how the news changed. Chance is a checksum of the post: one that is held out stays so when the account
    is trained again with more posts (but for a few of a small account). In a blend each account's training posts are
    repeated until their characters are in proportion to the `weights` (all the same, if there are none), as the recipe
    does, but not more than MOST_REPEATS times; none is left out, and held-out posts are never repeated.
    """
    seen = Shingles()  # over all accounts: people in a blend quote each other
    trains: list[list[str]] = []
    held_out: list[str] = []
    duplicates: list[int] = []
    for account in accounts:
        unique = [text for text in account.posts if seen.add(text)]
        duplicates.append(len(account.posts) - len(unique))
        chosen = set(choose_held_out(unique, seed))
        held_out += [text for text in unique if text in chosen]
        trains.append([text for text in unique if text not in chosen])
    train = [text for texts in balance(trains, weights) for text in texts]
    random.Random(seed).shuffle(train)
    return Split(tuple(train), tuple(held_out), tuple(duplicates))


def choose_held_out(texts: Sequence[str], seed: int) -> list[str]:
    """Those whose checksum says so; at least one of two, at most a quarter and one, never all."""
    ranked = sorted(texts, key=lambda text: _chance(text, seed))
    chosen = sum(1 for text in texts if _chance(text, seed) < HELD_OUT_SHARE)
    least = max(1, round(LEAST_SHARE * len(texts)))
    most = min(1 + len(texts) // MOST_PART, len(texts) - 1)
    return ranked[: min(max(chosen, least), most)]


def _chance(text: str, seed: int) -> float:
    """Uniform in [0, 1)."""
    digest = blake2b(f"{seed}\n{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def balance(accounts: Sequence[Sequence[str]], weights: Sequence[float] = ()) -> list[list[str]]:
    """Repeat each account's posts, in order, until their characters are in proportion to the weights."""
    weights = weights or [1.0] * len(accounts)
    lengths = [sum(map(len, texts)) for texts in accounts]
    unit = max((length / weight for length, weight in zip(lengths, weights, strict=True)), default=0.0)
    return [_repeat_to(texts, unit * weight) for texts, weight in zip(accounts, weights, strict=True)]


def _repeat_to(texts: Sequence[str], target: float) -> list[str]:
    repeated = list(texts)
    length = sum(map(len, texts))
    target = min(target, MOST_REPEATS * length)
    while length and length < target:
        text = texts[len(repeated) % len(texts)]
        repeated.append(text)
        length += len(text)
    return repeated
