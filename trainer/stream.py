"""One sample's tokens and text as they grow, and what stops them: a blocked word, or a quote.

A multi-byte character is held back until it is complete, and with guards a word until it has proved harmless: what was
shown is never taken back for a blocked word. A text that has become a quote starts again from the prompt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tokenizers.decoders import DecodeStream

from trainer.blocklist import Blocklist
from trainer.quotes import QUOTED_WORDS, Quotes, words_of
from trainer.text import one_line
from trainer.vocabulary import Vocabulary

OnPiece = Callable[[int, str, bool], None]  # (sample, more text, does it begin again?)
RECENT = 400  # characters, in which the last eight words are looked for


@dataclass(frozen=True)
class Guards:
    """What a text must not come to, the prompt before it included."""

    prompt: str = ""
    blocklist: Blocklist | None = None
    quotes: Quotes | None = None

    @property
    def any(self) -> bool:
        return self.blocklist is not None or self.quotes is not None

    def blocks(self, text: str) -> bool:
        return self.blocklist is not None and self.blocklist.blocks_end(self.prompt + text)

    def is_quote(self, text: str, last: bool) -> bool:
        """Whether its last words make it one; at its end, also as a whole short post."""
        if self.quotes is None or not text.strip():
            return False
        whole = self.prompt + text
        if last and len(words_of(whole)) < QUOTED_WORDS:
            return self.quotes.is_one(whole)
        return self.quotes.ends_in_one(words_of(whole[-RECENT:]))


class PieceStream:
    """Hands on its first line in whole characters. After a word that isn't harmless it is `halted`: a suspicious one
    gets one word more ("Dick" is blocked, "Dick Cheney" isn't). Then it takes no more tokens until it is rewound."""

    def __init__(self, vocabulary: Vocabulary, number: int, on_piece: OnPiece, guards: Guards = Guards()) -> None:
        self._vocabulary = vocabulary
        self._guards = guards
        self._on_piece = on_piece
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._shown = 0
        self._again = False  # what is shown next replaces what was shown
        self._harmless = 0  # of the tokens
        self._suspicious = False  # is the last whole word
        self.banned: set[int] = set()  # tokens that blocked words after the harmless ones began with
        self.number = number
        self.tokens: list[int] = []
        self.text = ""
        self.halted: Literal["", "blocked", "quoted"] = ""

    def add(self, token: int) -> None:
        piece = self._decoder.step(self._vocabulary.tokenizer, token) or ""
        if not self._guards.any:
            self._append(token, piece)
            self._show()
            return
        if token == self._vocabulary.end_id or any(character.isspace() for character in piece):
            self._check(last=False)
        if not self.halted:
            self._append(token, piece)

    def settle(self) -> None:
        """At the end of sampling: look at the last word, and show what is left if it is harmless."""
        if not self.halted:
            self._check(last=True)

    def _append(self, token: int, piece: str) -> None:
        self.tokens.append(token)
        self.text += piece

    def _check(self, last: bool) -> None:
        line = one_line(self.text)
        if self._guards.is_quote(line, last):
            self.halted = "quoted"
            return
        found = self._guards.blocks(line)
        if found and (last or self._suspicious):
            self.halted = "blocked"
        self._suspicious = found
        if not found:
            if len(self.tokens) > self._harmless:
                self.banned.clear()
            self._harmless = len(self.tokens)
            self._show()

    def _show(self) -> None:
        line = one_line(self.text)
        if line[self._shown :]:
            self._on_piece(self.number, line[self._shown :], self._again)
            self._again = False
        self._shown = len(line)

    def rewind(self) -> None:
        """To before the blocked word, which is not to begin as it did."""
        kept = self.tokens[: self._harmless]
        self.banned.add(self.tokens[self._harmless])
        self._clear()
        for token in kept:
            self._append(token, self._decoder.step(self._vocabulary.tokenizer, token) or "")

    def restart(self) -> None:
        """From the prompt."""
        self._again |= self._shown > 0
        self._shown = self._harmless = 0
        self.banned.clear()
        self._clear()

    def _clear(self) -> None:
        self._decoder = DecodeStream(skip_special_tokens=True)
        self.tokens, self.text, self.halted, self._suspicious = [], "", "", False
