"""Which posts say nearly the same as another. Pure."""

from __future__ import annotations

import re
from collections import Counter

SHINGLE = 3  # words
COMMON = 500  # posts with the same shingle: it tells nothing, and with 50,000 posts costs minutes
SIMILAR = 0.5  # of two posts' shingles are the same: one of them is a near-duplicate

_WORD = re.compile(r"@\w+|[^\W\d_]+|\d+")


class Shingles:
    """The posts so far, by the runs of SHINGLE words in them; case, mentions' names, digits and punctuation aside."""

    def __init__(self) -> None:
        self._posts: dict[tuple[str, ...], list[int]] = {}
        self._sizes: list[int] = []

    def add(self, text: str) -> bool:
        """Whether no post so far is similar to it; then it is one of them."""
        shingles = shingles_of(text)
        found = (self._posts.get(shingle, []) for shingle in shingles)
        common = Counter(post for posts in found if len(posts) < COMMON for post in posts)
        for post, n in common.items():
            if n >= SIMILAR * (len(shingles) + self._sizes[post] - n):
                return False
        for shingle in shingles:
            self._posts.setdefault(shingle, []).append(len(self._sizes))
        self._sizes.append(len(shingles))
        return True


def shingles_of(text: str) -> set[tuple[str, ...]]:
    """Of a text with fewer words, or none that we know, the text itself."""
    words = ["@" if word[0] == "@" else "0" if word[0].isdigit() else word for word in _WORD.findall(text.casefold())]
    runs = {tuple(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}
    return runs or {(text.casefold(),)}
