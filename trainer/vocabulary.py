"""Vocabulary: a base model's tokenizer, and what the engine has to know of its tokens. No transformers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

from trainer.characters import Characters, characters_of
from trainer.digest import sha256

TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
TOKEN_BYTES = 256  # of memory, measured


@dataclass(frozen=True)
class Vocabulary:
    """`line_ends` end a post: end of text, and every token with a line end in it (some tokenizers have `.\\n`).

    `size` is the embedding's, `sha256` that of the tokenizer's file.
    """

    tokenizer: Tokenizer
    end_id: int
    line_ends: frozenset[int]
    characters: Characters | None  # keeps what is sampled valid Unicode
    size: int
    sha256: str

    @property
    def n_bytes(self) -> int:
        """About, in memory."""
        return self.size * TOKEN_BYTES

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens, whatever the text says: `<|endoftext|>` in a post is only characters."""
        return list(self.tokenizer.encode(text, add_special_tokens=False).ids)


def read_vocabulary(folder: Path, size: int, known: Iterable[Vocabulary] = ()) -> Vocabulary:
    """`size` is the embedding's, which may have more rows than there are tokens. Raises ValueError.

    One of `known` with the same file is the one: a large tokenizer takes megabytes, and tenths of a second to read.
    """
    file = folder / TOKENIZER
    if not file.is_file():
        raise ValueError(f"it has no {TOKENIZER}")
    mark = sha256(file)
    for one in known:
        if (one.sha256, one.size, one.end_id) == (mark, size, _end_id(folder, one.tokenizer)):
            return one
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.encode_special_tokens = True
    end_id = _end_id(folder, tokenizer)
    if end_id is None:
        raise ValueError("it has no end-of-text token, which separates posts")
    ends = frozenset(i for i in line_ends(tokenizer) if i < size)
    return Vocabulary(tokenizer, end_id, ends | {end_id}, characters_of(tokenizer, size), size, mark)


def line_ends(tokenizer: Tokenizer) -> frozenset[int]:
    ids = sorted(tokenizer.get_vocab().values())
    texts = tokenizer.decode_batch([[i] for i in ids], skip_special_tokens=False)
    return frozenset(i for i, text in zip(ids, texts, strict=True) if "\n" in text or "\r" in text)


def _end_id(folder: Path, tokenizer: Tokenizer) -> int | None:
    """The tokenizer's, as transformers writes it: a string, or an object around one. Or else the model's."""
    file = folder / TOKENIZER_CONFIG
    token = json.loads(file.read_text(encoding="utf-8")).get("eos_token") if file.is_file() else None
    found = token.get("content") if isinstance(token, dict) else token
    if found is not None:
        return tokenizer.token_to_id(found)
    ids = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("eos_token_id")
    first = ids[0] if isinstance(ids, list) else ids
    return None if first is None else int(first)


def save_vocabulary(vocabulary: Vocabulary, context: int, out: Path) -> None:
    """For transformers. A text begins after an end of text, as posts do in training, and prompts here."""
    tokenizer = Tokenizer.from_str(vocabulary.tokenizer.to_str())
    end = tokenizer.id_to_token(vocabulary.end_id)
    tokenizer.post_processor = TemplateProcessing(
        single=[end, "$A"], pair=[end, "$A", end, "$B:1"], special_tokens=[(end, vocabulary.end_id)]
    )
    tokenizer.save(str(out / TOKENIZER))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": end,
        "eos_token": end,
        "pad_token": end,
        "padding_side": "left",
        "model_max_length": context,
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
    }
    (out / TOKENIZER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
