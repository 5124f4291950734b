"""Which tokens keep a text valid Unicode.

A byte-level tokenizer has tokens that are a part of a character, and a small model puts together parts that don't fit:
nothing to see, or a hole in the text. So sampling leaves out what can't come next. The state machine is the table of
well-formed byte sequences in RFC 3629, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel

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

    @cached_property
    def masks(self) -> torch.Tensor:
        """(states, vocabulary) to add to logits: minus infinity for what can't come."""
        return torch.zeros(self.allowed.shape).masked_fill_(~self.allowed, -torch.inf)


def characters_of(tokenizer: Tokenizer, vocabulary: int) -> Characters | None:
    """None for a tokenizer that isn't byte-level. Tokens without a text, special ones among them, end characters."""
    if not isinstance(tokenizer.decoder, ByteLevel):
        return None
    byte_of = bytes_of_characters()
    allowed = torch.zeros((len(MACHINE), vocabulary), dtype=torch.bool)
    after = torch.zeros((len(MACHINE), vocabulary), dtype=torch.int64)
    allowed[0] = True
    for token, i in tokenizer.get_vocab(with_added_tokens=False).items():
        text = bytes(byte_of[character] for character in token)
        if text.isascii():
            continue
        for state in range(len(MACHINE)):
            end = walk(text, state)
            allowed[state, i] = end is not None
            after[state, i] = end or 0
    complete = bool(allowed.any(dim=1).all())
    return Characters(allowed, after) if complete else None


def bytes_of_characters() -> dict[str, int]:
    """GPT-2's alphabet: a byte that is a visible Latin-1 character is itself, the others are numbered from 256 on."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(0x100 + i): byte for i, byte in enumerate(others)}


def walk(text: bytes, state: int = 0) -> int | None:
    """The state after the bytes; None if they can't come."""
    for byte in text:
        found = next((after for first, last, after in MACHINE[state] if first <= byte <= last), None)
        if found is None:
            return None
        state = found
    return state
