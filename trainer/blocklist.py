"""Words that a persona must not say in public: glin-profanity's English list, less and plus what settings say.

A list knows words, not meanings: it keeps slurs and obscenities out; an unkind sentence of harmless words passes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from glin_profanity import Filter

from trainer.protocol import BlocklistOptions

IsBlocked = Callable[[str], bool]


class BlockedPrompt(Exception):
    """The prompt has a word that is on the blocklist: finishing it would say it. The message is for who asked."""

    def __init__(self, options: BlocklistOptions, prompt: str) -> None:
        found = _filter(options).check_profanity(prompt)["profane_words"]
        which = ", ".join(f"{word[:1]}…" for word in found)  # told apart, not repeated
        super().__init__(f"A word in that is on the blocklist here ({which}). Put it another way.")


@lru_cache(maxsize=8)
def _filter(options: BlocklistOptions) -> Filter:
    return Filter({"languages": ["english"], "custom_words": list(options.add), "ignore_words": list(options.allow)})


def blocklist(options: BlocklistOptions) -> IsBlocked | None:
    """Tells whether a text has a blocked word in it, None when nothing is blocked."""
    if not options.enabled:
        return None
    words = _filter(options)
    return lambda text: bool(words.is_profane(text))
