"""Posts → corpus: cleaned and counted. Pure: no I/O, no torch.

The cleaning is that of the reference recipe (huggingtweets), count for count: retweets dropped; entities decoded; URLs
removed; white space folded; a post is *short* when fewer than three of its words are free of `http`, `@` and `#`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trainer.similar import Shingles

END_OF_TEXT = "<|endoftext|>"
MIN_FREE_WORDS = 3
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
    """One post as a source gave it: raw text; the rest is what is known of it.

    `id` is the source's own. `language` is what the network or the author calls it, like "en" or "pt-BR".
    """

    text: str
    is_retweet: bool = False
    created_at: datetime | None = None
    id: str | None = None
    language: str | None = None


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


class CorpusError(ValueError):
    """The posts can't make a corpus. The message says what is missing, for the person who sent them.

    `template` and `values` are what it was made of, for other languages.
    """

    def __init__(self, template: str, **values: object) -> None:
        super().__init__(template.format(**values))
        self.template, self.values = template, values


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
    seen = Shingles()
    different = sum(len(text) for text in account.posts if seen.add(text))
    if different >= minimum:
        return
    if counts.characters >= minimum:
        raise CorpusError(
            "@{handle} repeats itself: without repetitions {different:,} of {characters:,} characters "
            "are left, {missing:,} short of the {minimum:,} needed. Send more different posts.",
            handle=account.handle,
            different=different,
            characters=counts.characters,
            missing=minimum - different,
            minimum=minimum,
        )
    raise CorpusError(
        "@{handle} has too little text to learn a voice from: {characters:,} characters kept, "
        "{missing:,} short of the {minimum:,} needed. Of {downloaded:,} posts, "
        "{retweets:,} were retweets and {short:,} too short. Send more of the account's own posts.",
        handle=account.handle,
        characters=counts.characters,
        missing=minimum - counts.characters,
        minimum=minimum,
        downloaded=counts.downloaded,
        retweets=counts.retweets,
        short=counts.short,
    )


def persona_name(handles: Iterable[str]) -> str:
    """Lower-case handles, sorted, joined by `-`: `barackobama-elonmusk`."""
    return "-".join(sorted(handle.lower() for handle in handles))
