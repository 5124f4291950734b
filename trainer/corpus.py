"""Posts → corpus: cleaned, counted, balanced, split. Pure: no I/O, no torch.

The cleaning is that of the reference recipe (huggingtweets), count for count: retweets dropped; entities decoded; URLs
removed; white space folded; a post is *short* when fewer than three of its words are free of `http`, `@` and `#`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

END_OF_TEXT = "<|endoftext|>"
MIN_FREE_WORDS = 3
HELD_OUT_SHARE = 0.08
MAX_ACCOUNTS = 3

_URL = re.compile(r"\s*https?:\S*\s*")
_SPACE = re.compile(r"\s+")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
# C0/C1 controls but white space; bidirectional marks and overrides; word joiner and BOM; halves of surrogate pairs,
# which no encoder takes. Zero-width joiners stay, because emoji sequences are made with them, and the zero-width
# space, because the recipe counts it.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u061c\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
)


@dataclass(frozen=True, slots=True)
class Post:
    """One post as a source gave it: raw text; the rest is what is known of it."""

    text: str
    is_retweet: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """The training table's row for one account. downloaded - retweets - short = kept; characters are those kept."""

    downloaded: int
    retweets: int
    short: int
    kept: int
    characters: int


@dataclass(frozen=True, slots=True)
class AccountCorpus:
    """One account's cleaned posts, in the source's order."""

    handle: str
    counts: Counts
    posts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split:
    """Cleaned texts without exact duplicates: to train on (accounts balanced, shuffled) and held out."""

    train: tuple[str, ...]
    held_out: tuple[str, ...]
    duplicates: int = field(default=0)


class CorpusError(ValueError):
    """The posts can't make a corpus. The message says what is missing, for the person who sent them."""


def strip_invisible(text: str) -> str:
    """Without control characters and marks that reorder or hide text; white space and emoji joiners stay."""
    return _INVISIBLE.sub("", text)


def clean_text(text: str) -> str:
    """One post's text as the recipe cleans it: entities decoded, URLs removed, white space folded."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return _SPACE.sub(" ", _URL.sub(" ", strip_invisible(text))).strip()


def is_short(text: str) -> bool:
    """Whether fewer than three words of a cleaned text are free of links, mentions and hashtags."""
    free = sum(1 for word in text.split() if not ("http" in word or "@" in word or "#" in word))
    return free < MIN_FREE_WORDS


def clean(handle: str, posts: Iterable[Post]) -> AccountCorpus:
    """Clean and count one account's posts."""
    downloaded = retweets = short = 0
    kept: list[str] = []
    for post in posts:
        downloaded += 1
        if post.is_retweet:
            retweets += 1
            continue
        text = clean_text(post.text)
        if is_short(text):
            short += 1
        else:
            kept.append(text)
    counts = Counts(downloaded, retweets, short, len(kept), sum(map(len, kept)))
    return AccountCorpus(handle, counts, tuple(kept))


def check_enough(account: AccountCorpus, minimum: int) -> None:
    """Raise CorpusError when an account kept fewer than `minimum` characters, or says the same again and again."""
    counts = account.counts
    different = sum(map(len, set(account.posts)))
    if different >= minimum:
        return
    if counts.characters >= minimum:
        raise CorpusError(
            f"@{account.handle} repeats itself: without repetitions {different:,} of {counts.characters:,} characters "
            f"are left, {minimum - different:,} short of the {minimum:,} needed. Send more different posts."
        )
    raise CorpusError(
        f"@{account.handle} has too little text to learn a voice from: {counts.characters:,} characters kept, "
        f"{minimum - counts.characters:,} short of the {minimum:,} needed. Of {counts.downloaded:,} posts, "
        f"{counts.retweets:,} were retweets and {counts.short:,} too short. Send more of the account's own posts."
    )


def split(accounts: Sequence[AccountCorpus], seed: int) -> Split:
    """Exact duplicates removed, then a random share of each account held out, then the accounts balanced.

    Random rather than by time: the persona has to speak as the account does over its whole life, and a split by time
    would measure how the news changed. Blends repeat each account's training posts until they are as long (in
    characters) as the longest account's, as the recipe does; held-out posts are never repeated.
    """
    rng = random.Random(seed)
    trains: list[list[str]] = []
    held_out: list[str] = []
    seen: set[str] = set()  # over all accounts: people in a blend quote each other
    duplicates = 0
    for account in accounts:
        unique = [text for text in dict.fromkeys(account.posts) if text not in seen]
        seen.update(unique)
        duplicates += len(account.posts) - len(unique)
        rng.shuffle(unique)
        n_held_out = max(1, round(len(unique) * HELD_OUT_SHARE)) if len(unique) > 1 else 0
        held_out += unique[:n_held_out]
        trains.append(unique[n_held_out:])
    train = [text for texts in balance(trains) for text in texts]
    rng.shuffle(train)
    return Split(tuple(train), tuple(held_out), duplicates)


def balance(accounts: Sequence[Sequence[str]]) -> list[list[str]]:
    """Repeat each account's posts, in order, until it has as many characters as the longest account."""
    target = max((sum(map(len, texts)) for texts in accounts), default=0)
    return [_repeat_to(texts, target) for texts in accounts]


def _repeat_to(texts: Sequence[str], target: int) -> list[str]:
    repeated = list(texts)
    length = sum(map(len, texts))
    while texts and length < target:
        text = texts[len(repeated) % len(texts)]
        repeated.append(text)
        length += len(text)
    return repeated


def persona_name(handles: Iterable[str]) -> str:
    """Lower-case handles, sorted, joined by `-`: `barackobama-elonmusk`."""
    return "-".join(sorted(handle.lower() for handle in handles))
