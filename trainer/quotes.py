"""Quotes: does a text say eight words in a row of a training post, or a whole short one? No torch.

The index is a sorted list of 32-bit hashes, one for each run of eight words and one for each shorter post, in a file of
the persona: at most 4 bytes a word of its corpus. Of n hashes one text in 2^32 / n is taken for a quote by chance, and
then only says something else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

QUOTED_WORDS = 8  # in a row, as in the copy guards of Markov bots
QUOTES_FILE = "quotes.safetensors"
_WORD = re.compile(r"\w+")
_NAME = "hashes"


def words_of(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


@dataclass(frozen=True)
class Quotes:
    hashes: NDArray[np.uint32]  # sorted

    @classmethod
    def of(cls, posts: Iterable[str]) -> Quotes:
        found = {_hash(run) for post in posts for run in _runs(words_of(post))}
        return cls(np.array(sorted(found), dtype=np.uint32))

    @property
    def n_bytes(self) -> int:
        return self.hashes.nbytes

    def ends_in_one(self, words: Sequence[str]) -> bool:
        """Whether the last eight words are a quote."""
        return len(words) >= QUOTED_WORDS and self._has(words[-QUOTED_WORDS:])

    def is_one(self, text: str) -> bool:
        """Whether there is a quote in the text, or it is a whole short post."""
        return any(self._has(run) for run in _runs(words_of(text)))

    def _has(self, run: Sequence[str]) -> bool:
        wanted = _hash(run)
        place = int(np.searchsorted(self.hashes, np.uint32(wanted)))
        return place < len(self.hashes) and int(self.hashes[place]) == wanted

    def save(self, folder: Path) -> None:
        save_file({_NAME: self.hashes}, folder / QUOTES_FILE)


def read_quotes(folder: Path) -> Quotes | None:
    """None for a persona without an index. Raises OSError."""
    file = folder / QUOTES_FILE
    return Quotes(load_file(file)[_NAME]) if file.is_file() else None


def _runs(words: Sequence[str]) -> list[Sequence[str]]:
    """Every run of eight words; fewer words are one run, none at all is none."""
    if len(words) < QUOTED_WORDS:
        return [words] if words else []
    return [words[i : i + QUOTED_WORDS] for i in range(len(words) - QUOTED_WORDS + 1)]


def _hash(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=4).digest(), "big")
