"""One sample's tokens and text as they grow, and what stops them: a blocked word, or a quote.

A multi-byte character is held back until it is complete, and with guards a word until it has proved harmless: what was
shown is never taken back for a blocked word. A text that has become a quote starts again from the prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from tokenizers.decoders import DecodeStream

from trainer.blocklist import Blocklist
from trainer.quotes import QUOTED_WORDS, Quotes, words_of
from trainer.text import one_line
from trainer.vocabulary import Vocabulary

OnPiece = Callable[[int, str, bool], None]  # (sample, more text, does it begin again?)
PRIMING = 6  # tokens of the prompt that are decoded before a text's first one
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

    def is_quote(self, text: str) -> bool:
        """Whether its last word, of which a hyphen or an apostrophe makes several, made it one."""
        if self.quotes is None or not text.strip():
            return False
        end = (self.prompt + text)[-RECENT:]
        words = words_of(end)
        new = max(1, len(words_of(end.split()[-1])))
        return any(self.quotes.ends_in_one(words[: len(words) - i]) for i in range(new))

    def forbid(self, shown: str) -> bool:
        """Of a finished text, which may have been cut to a short post, or to a word that was harmless with the next."""
        is_post = self.quotes is not None and len(words_of(shown)) < QUOTED_WORDS and self.quotes.is_one(shown)
        return is_post or (self.blocklist is not None and self.blocklist.blocks_end(shown))


class PieceStream:
    """Hands on its first line in whole characters. After a word that isn't harmless it is `halted`: a suspicious one
    gets one word more ("Dick" is blocked, "Dick Cheney" isn't). Then it takes no more tokens until it is rewound."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        number: int,
        on_piece: OnPiece,
        guards: Guards = Guards(),
        prompt: Sequence[int] = (),
    ) -> None:
        self._vocabulary = vocabulary
        self.guards = guards
        self._on_piece = on_piece
        self._prompt = prompt[-PRIMING:]  # some tokenizers drop the space of what they take for a text's first word
        self._decoder = self._primed()
        self._shown = 0
        self._again = False  # what is shown next replaces what was shown
        self._harmless = 0  # of the tokens
        self._suspicious = False  # is the last whole word
        self._banned: set[int] = set()  # tokens that blocked words after the harmless ones began with
        self.number = number
        self.tokens: list[int] = []
        self.text = ""
        self.halted: Literal["", "blocked", "quoted"] = ""

    @property
    def banned(self) -> set[int]:
        """What must not come next."""
        return self._banned if len(self.tokens) == self._harmless else set()

    def add(self, token: int) -> None:
        piece = self._decode(token)
        if not self.guards.any:
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

    def _primed(self) -> DecodeStream:
        decoder = DecodeStream(skip_special_tokens=True)
        for token in self._prompt:
            decoder.step(self._vocabulary.tokenizer, token)
        return decoder

    def _decode(self, token: int) -> str:
        try:
            return self._decoder.step(self._vocabulary.tokenizer, token) or ""
        except Exception:  # bytes that can't be a text, from a tokenizer that we don't know the bytes of
            self._decoder = DecodeStream(skip_special_tokens=True)
            return self._decoder.step(self._vocabulary.tokenizer, token) or ""

    def _append(self, token: int, piece: str) -> None:
        self.tokens.append(token)
        self.text += piece

    def _check(self, last: bool) -> None:
        line = one_line(self.text)
        if self.guards.is_quote(line):
            self.halted = "quoted"
            return
        found = self.guards.blocks(line)
        if found and (last or self._suspicious):
            self.halted = "blocked"
        self._suspicious = found
        if not found:
            if len(self.tokens) > self._harmless:
                self._banned.clear()
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
        self._banned.add(self.tokens[self._harmless])
        self._clear()
        for token in kept:
            self._append(token, self._decode(token))

    def restart(self) -> None:
        """From the prompt."""
        self._again |= self._shown > 0
        self._shown = self._harmless = 0
        self._banned.clear()
        self._clear()

    def take_back(self) -> None:
        """What was shown, when nothing follows."""
        if self._again:
            self._on_piece(self.number, "", True)

    def _clear(self) -> None:
        self._decoder = self._primed()
        self.tokens, self.text, self.halted, self._suspicious = [], "", "", False
