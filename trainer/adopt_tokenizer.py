"""Somebody's tokenizer → tokenizer.json and tokenizer_config.json as this project reads them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

from trainer.adopt_splitting import check_splitting
from trainer.corpus import END_OF_TEXT
from trainer.foreign import ASK, Refused, first_line, read_object
from trainer.vocabulary import TOKENIZER, TOKENIZER_CONFIG, read_vocabulary


def adopt_tokenizer(folder: Path, out: Path, rows: int, context: int) -> None:
    """For a model whose embedding has so many rows, and whose context so many tokens. Raises Refused or OSError."""
    tokenizer = _read(folder, rows)
    before = tokenizer.to_str()
    tokenizer.no_truncation()  # what was set for training would cut prompts
    tokenizer.no_padding()
    end = _end(folder, tokenizer)
    tokenizer.add_special_tokens([end])
    _check_ids(tokenizer.get_vocab(), rows)
    if (folder / TOKENIZER).is_file() and tokenizer.to_str() == before:
        shutil.copyfile(folder / TOKENIZER, out / TOKENIZER)
    else:
        tokenizer.save(str(out / TOKENIZER))
    config = {"bos_token": end, "eos_token": end, "pad_token": end, "model_max_length": context}
    config |= {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    (out / TOKENIZER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    _check(out, rows)


def _check(out: Path, rows: int) -> None:
    try:
        read_vocabulary(out, rows).encode("My dream is 💜")
    except BaseException as error:  # likewise
        raise Refused(f"Its tokenizer can't be used here: {first_line(error)}. {ASK}") from error


def _check_ids(vocabulary: Any, rows: int) -> None:
    """Raises Refused. Before a tokenizer is made: it takes memory for every number up to its largest."""
    ids = vocabulary.values() if isinstance(vocabulary, dict) else []
    if any(isinstance(i, int) and i >= rows for i in ids):
        raise Refused(f"Its tokenizer has more tokens than its weights have rows ({rows:,}). {ASK}")


def _read(folder: Path, rows: int) -> Tokenizer:
    try:
        if (folder / TOKENIZER).is_file():
            model = read_object(folder / TOKENIZER).get("model")
            _check_ids(model.get("vocab") if isinstance(model, dict) else None, rows)
            tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            check_splitting(json.loads(tokenizer.to_str()))  # as the library has understood it
            return tokenizer
        if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
            _check_ids(read_object(folder / "vocab.json"), rows)
            return _as_gpt2(folder)
    except (Refused, OSError):
        raise
    except BaseException as error:  # whatever tokenizers makes of it: a panic in Rust is no Exception
        raise Refused(f"Its tokenizer can't be read: {first_line(error)}. {ASK}") from error
    raise Refused(f"It has no tokenizer: no {TOKENIZER}, and no vocab.json with merges.txt. {ASK}")


def _as_gpt2(folder: Path) -> Tokenizer:
    """As transformers makes GPT-2's of its two files."""
    model = models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer = Tokenizer(model)
    spaced = read_object(folder / TOKENIZER_CONFIG).get("add_prefix_space") is True
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=spaced)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    added = read_object(folder / "added_tokens.json")
    for token in sorted(added, key=added.__getitem__):
        tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False)])
        if tokenizer.token_to_id(token) != added[token]:
            raise Refused(f"Its added_tokens.json doesn't go with its vocabulary. {ASK}")
    return tokenizer


def _end(folder: Path, tokenizer: Tokenizer) -> str:
    """The token that ends a text: the tokenizer's, or else the model's, or else GPT-2's. Raises Refused or OSError."""
    said = [read_object(folder / name).get("eos_token") for name in (TOKENIZER_CONFIG, "special_tokens_map.json")]
    texts = [one.get("content") if isinstance(one, dict) else one for one in said]
    for text in (*texts, _token(tokenizer, read_object(folder / "config.json").get("eos_token_id")), END_OF_TEXT):
        if isinstance(text, str) and tokenizer.token_to_id(text) is not None:
            return text
    raise Refused(f"It has no end-of-text token, which separates posts. {ASK}")


def _token(tokenizer: Tokenizer, ids: Any) -> str | None:
    first = ids[0] if isinstance(ids, list) and ids else ids
    return tokenizer.id_to_token(first) if isinstance(first, int) and 0 <= first < 2**32 else None
