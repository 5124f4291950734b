"""Words that a persona must not say in public: glin-profanity's English list, less and plus what settings say.

A list knows words, not meanings: it keeps slurs and obscenities out; an unkind sentence of harmless words passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from glin_profanity import Filter

from trainer.protocol import BlocklistOptions


class BlockedPrompt(Exception):
    """The prompt has a word that is on the blocklist: finishing it would say it. The message is for who asked."""

    def __init__(self, options: BlocklistOptions, prompt: str) -> None:
        found = _filter(options).check_profanity(prompt)["profane_words"]
        which = ", ".join(f"{word[:1]}…" for word in found)  # told apart, not repeated
        super().__init__(f"A word in that is on the blocklist here ({which}). Put it another way.")


@lru_cache(maxsize=8)
def _filter(options: BlocklistOptions) -> Filter:
    return Filter({"languages": ["english"], "custom_words": list(options.add), "ignore_words": list(options.allow)})


@dataclass(frozen=True)
class Blocklist:
    """Tells whether a text has a blocked word in it, or a phrase, of which the longest has `reach` words."""

    words: Filter
    reach: int

    def __call__(self, text: str) -> bool:
        return bool(self.words.is_profane(text))

    def blocks_end(self, text: str) -> bool:
        """Only near the text's end, where its last word made a difference: looking costs time by the letter."""
        return self(" ".join(text.rsplit(maxsplit=self.reach + 1)[-self.reach - 1 :]))


@lru_cache(maxsize=8)
def blocklist(options: BlocklistOptions) -> Blocklist | None:
    """None when nothing is blocked."""
    if not options.enabled:
        return None
    words = _filter(options)
    return Blocklist(words, max((len(phrase.split()) for phrase in words.words), default=1))
