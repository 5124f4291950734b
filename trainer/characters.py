"""Which tokens keep a text valid Unicode.

A byte-level tokenizer has tokens that are a part of a character, and a small model puts together parts that don't fit:
nothing to see, or a hole in the text. So sampling leaves out what can't come next. The state machine is the table of
well-formed byte sequences in RFC 3629, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from tokenizers.decoders import ByteLevel
from transformers import PreTrainedTokenizerFast
from transformers.convert_slow_tokenizer import bytes_to_unicode

# Of each state the bytes that may come, (first, last, state after). State 0 is between characters, 1 to 3 want so many
# bytes more, 4 to 7 follow the first bytes E0, ED, F0 and F4, after which not every byte will do.
MACHINE = (
    (
        (0x00, 0x7F, 0),
        (0xC2, 0xDF, 1),
        (0xE0, 0xE0, 4),
        (0xE1, 0xEC, 2),
        (0xED, 0xED, 5),
        (0xEE, 0xEF, 2),
        (0xF0, 0xF0, 6),
        (0xF1, 0xF3, 3),
        (0xF4, 0xF4, 7),
    ),
    ((0x80, 0xBF, 0),),
    ((0x80, 0xBF, 1),),
    ((0x80, 0xBF, 2),),
    ((0xA0, 0xBF, 1),),
    ((0x80, 0x9F, 1),),
    ((0x90, 0xBF, 2),),
    ((0x80, 0x8F, 2),),
)


@dataclass(frozen=True)
class Characters:
    """(states, vocabulary) each: may a token come, and the state after it."""

    allowed: torch.Tensor
    after: torch.Tensor

    def state_after(self, ids: Sequence[int], state: int = 0) -> int:
        """What can't come is passed over."""
        for token in ids:
            if self.allowed[state, token]:
                state = int(self.after[state, token])
        return state

    def possible(self, logits: torch.Tensor, states: Sequence[int]) -> torch.Tensor:
        """(n, vocabulary) logits of n texts in these states, of which none was impossible for all tokens."""
        allowed = self.allowed[list(states)].to(logits.device)
        return logits.masked_fill(~allowed, -torch.inf)


def characters_of(tokenizer: PreTrainedTokenizerFast, vocabulary: int) -> Characters | None:
    """None for a tokenizer that isn't byte-level. Tokens without a text, special ones among them, end characters."""
    backend = tokenizer.backend_tokenizer
    if not isinstance(backend.decoder, ByteLevel):
        return None
    byte_of = {character: byte for byte, character in bytes_to_unicode().items()}
    allowed = torch.zeros((len(MACHINE), vocabulary), dtype=torch.bool)
    after = torch.zeros((len(MACHINE), vocabulary), dtype=torch.int64)
    allowed[0] = True
    for token, i in backend.get_vocab(with_added_tokens=False).items():
        text = bytes(byte_of[character] for character in token)
        if text.isascii():
            continue
        for state in range(len(MACHINE)):
            end = walk(text, state)
            allowed[state, i] = end is not None
            after[state, i] = end or 0
    complete = bool(allowed.any(dim=1).all())
    return Characters(allowed, after) if complete else None


def walk(text: bytes, state: int = 0) -> int | None:
    """The state after the bytes; None if they can't come."""
    for byte in text:
        found = next((after for first, last, after in MACHINE[state] if first <= byte <= last), None)
        if found is None:
            return None
        state = found
    return state
