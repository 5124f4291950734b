"""Vocabulary: a base model's tokenizer, and what the engine has to know of its tokens. No transformers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from trainer.characters import Characters, characters_of


@dataclass(frozen=True)
class Vocabulary:
    """`line_ends` end a post: end of text, and every token with a line end in it (some tokenizers have `.\\n`)."""

    tokenizer: Tokenizer
    end_id: int
    line_ends: frozenset[int]
    characters: Characters | None  # keeps what is sampled valid Unicode

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens, whatever the text says: `<|endoftext|>` in a post is only characters."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def read_vocabulary(folder: Path, size: int) -> Vocabulary:
    """`size` is the embedding's, which may have more rows than there are tokens. Raises ValueError."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        raise ValueError("it has no tokenizer.json")
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.encode_special_tokens = True
    end_id = _end_id(folder, tokenizer)
    if end_id is None:
        raise ValueError("it has no end-of-text token, which separates posts")
    return Vocabulary(tokenizer, end_id, line_ends(tokenizer) | {end_id}, characters_of(tokenizer, size))


def line_ends(tokenizer: Tokenizer) -> frozenset[int]:
    ids = sorted(tokenizer.get_vocab().values())
    texts = tokenizer.decode_batch([[i] for i in ids], skip_special_tokens=False)
    return frozenset(i for i, text in zip(ids, texts, strict=True) if "\n" in text or "\r" in text)


def _end_id(folder: Path, tokenizer: Tokenizer) -> int | None:
    """The tokenizer's, as transformers writes it: a string, or an object around one. Or else the model's."""
    file = folder / "tokenizer_config.json"
    token = json.loads(file.read_text(encoding="utf-8")).get("eos_token") if file.is_file() else None
    found = token.get("content") if isinstance(token, dict) else token
    if found is not None:
        return tokenizer.token_to_id(found)
    ids = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("eos_token_id")
    first = ids[0] if isinstance(ids, list) else ids
    return None if first is None else int(first)
