"""Words that a persona must not say in public: glin-profanity's English list, less and plus what settings say.

A list knows words, not meanings: it keeps slurs and obscenities out; an unkind sentence of harmless words passes.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from glin_profanity import Filter

from trainer.protocol import BlocklistOptions

REMEMBERED = 50_000  # words
SPELT_OUT = 3  # letters: "f u" is looked at closely, word by word


class BlockedPrompt(Exception):
    """The prompt has a word that is on the blocklist: finishing it would say it. The message is for who asked."""

    def __init__(self, options: BlocklistOptions, prompt: str) -> None:
        found = _filter(options).check_profanity(prompt)["profane_words"]
        which = ", ".join(f"{word[:1]}…" for word in found)  # told apart, not repeated
        super().__init__(f"A word in that is on the blocklist here ({which}). Put it another way.")


@lru_cache(maxsize=8)
def _filter(options: BlocklistOptions) -> Filter:
    return Filter({"languages": ["english"], "custom_words": list(options.add), "ignore_words": list(options.allow)})


class Blocklist:
    """Tells whether a text has a blocked word in it, or a phrase.

    Looking takes a fraction of a millisecond, and 32 texts grow by a word each at a step. So an end is only looked at
    closely when its last word may be blocked by itself, or be the last of a phrase; which are, is remembered.
    """

    def __init__(self, words: Filter) -> None:
        self._words = words
        phrases = [phrase.split() for phrase in words.words]
        self._reach = max(map(len, phrases), default=1)
        self._last = {_letters(phrase[-1]) for phrase in phrases if len(phrase) > 1}
        self._may_end = lru_cache(maxsize=REMEMBERED)(self._look)

    def __call__(self, text: str) -> bool:
        return bool(self._words.is_profane(text))

    def _look(self, word: str) -> bool:
        return len(_letters(word)) < SPELT_OUT or _letters(word) in self._last or self(word)

    def blocks_end(self, text: str) -> bool:
        """Only where the text's last word makes a difference."""
        end = text.rsplit(maxsplit=self._reach + 1)[-self._reach - 1 :]
        return any(self._may_end(word) for word in end[-2:]) and self(" ".join(end))


def _letters(word: str) -> str:
    """Without accents, marks and case."""
    return "".join(c for c in unicodedata.normalize("NFKD", word).casefold() if c.isalnum())


@lru_cache(maxsize=8)
def blocklist(options: BlocklistOptions) -> Blocklist | None:
    """None when nothing is blocked."""
    if not options.enabled:
        return None
    return Blocklist(_filter(options))
