"""Posts → corpus: cleaned and counted. Pure: no I/O, no torch.

The cleaning is that of the reference recipe (huggingtweets), count for count: retweets dropped; entities decoded; URLs
removed; white space folded; a post is *short* when fewer than three of its words are free of `http`, `@` and `#`.
The recipe takes words to be what white space parts; where a script has none, their number is estimated.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trainer.digest import text_sha256
from trainer.similar import Shingles

END_OF_TEXT = "<|endoftext|>"
MIN_FREE_WORDS = 3
MAX_ACCOUNTS = 3

_URL = re.compile(r"\s*https?:\S*\s*")
_SPACE = re.compile(r"\s+")
# Letters and marks of scripts without spaces between words, as ranges for a character class (Unicode 17; all of planes
# 2 and 3, which are for ideographs). Compact: Han, kana, Bopomofo, Yi. Spelt out: Thai, Lao, Tibetan, Myanmar, Khmer,
# Tai. Characters a word: Chinese 1.5, Japanese 1.7, Thai 3.6 (benchmarks.languages), rounded up.
_COMPACT = (
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\ua000-\ua48c\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
_SPELT_OUT = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u0f00\u0f40-\u0fbc\u1000-\u103f\u1050-\u109d\u1780-\u17d3"
    "\u17d7\u17dc\u17dd\u1950-\u1974\u1980-\u19c9\u1a20-\u1a7f\u1aa7\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a-\uaadd"
)
COMPACT_WORD = 2
SPELT_OUT_WORD = 4
HARDLY = 0.01  # of an account's posts
UNSPACED = _COMPACT + _SPELT_OUT
_UNSPACED = re.compile(f"[{UNSPACED}]")
# Of a piece with such letters: tags, mentions and what is left of links (unnamed: they don't count); letters, drawn out
# (うおおおお) once; other words.
_PART = re.compile(
    rf"[#＃@＠][\w{UNSPACED}]*|http[!-~]*|(?P<compact>(?P<c>[{_COMPACT}])(?:(?P=c){{2,}})?)"
    rf"|(?P<spelt_out>(?P<s>[{_SPELT_OUT}])(?:(?P=s){{2,}})?)|(?P<word>[^\W{UNSPACED}]+)"
)
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


def posts_digest(posts: Iterable[Post]) -> str:
    """SHA-256 of posts' content, wherever they are kept, in whatever order: JSON lists of five fields, lines sorted."""
    fields = ((one.id, one.text, one.is_retweet, one.created_at, one.language) for one in posts)
    return text_sha256("".join(sorted(json.dumps(post, default=datetime.isoformat) + "\n" for post in fields)))


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


def on_one_line(text: str) -> str:
    """Without what hides or reorders it, its white space folded."""
    return " ".join(strip_invisible(text).split())


def clean_text(text: str) -> str:
    """One post's text as the recipe cleans it: entities decoded, URLs removed, white space folded."""
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return _SPACE.sub(" ", _URL.sub(" ", strip_invisible(text))).strip()


def is_short(text: str, spaced: bool = False) -> bool:
    """Whether fewer than three words of a cleaned text are free of links, mentions and hashtags.

    `spaced`: words are what white space parts, in any script.
    """
    return sum(_free_words(piece, spaced) for piece in text.split()) < MIN_FREE_WORDS


def _free_words(piece: str, spaced: bool) -> int:
    """Of what white space parts from the rest: one or none, or in a script without spaces an estimate."""
    if spaced or not _UNSPACED.search(piece):
        return not ("http" in piece or "@" in piece or "#" in piece)
    parts = Counter(found.lastgroup for found in _PART.finditer(piece))
    words = parts["word"] + parts["compact"] // COMPACT_WORD + parts["spelt_out"] // SPELT_OUT_WORD
    return max(words, 1) if parts["word"] or parts["compact"] or parts["spelt_out"] else 0


def clean(handle: str, posts: Iterable[Post]) -> AccountCorpus:
    """Clean and count one account's posts.

    Of one that hardly uses scripts without spaces they are short by the recipe's own rule, so that its counts stay.
    """
    posts = list(posts)
    texts = [clean_text(post.text) for post in posts if not post.is_retweet]
    spaced = sum(1 for text in texts if _UNSPACED.search(text)) < HARDLY * len(texts)
    kept = [text for text in texts if not is_short(text, spaced)]
    counts = Counts(len(posts), len(posts) - len(texts), len(texts) - len(kept), len(kept), sum(map(len, kept)))
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
