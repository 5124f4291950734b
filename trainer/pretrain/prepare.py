"""Corpus → tokenizer and token files in a work folder, once."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from trainer.digest import sha256
from trainer.pretrain.corpus import (
    PASSES,
    Document,
    held_out_texts,
    read_documents,
    split_held_out,
    training_texts,
)
from trainer.pretrain.tokenizer import encode, train_tokenizer, with_emoji

BOOKS_FOR_TOKENIZER = 8  # one in so many: their spelling must not outvote the modern texts'


def prepare(corpus: Path, work: Path, vocab_size: int, seed: int) -> None:
    """Write tokenizer.json, tokens.npy, held_out_<kind>.npy and data.json into `work`; what is finished is kept.

    Raises ValueError when `work` was prepared otherwise, OSError when the corpus can't be read.
    """
    asked = {"corpus_sha256": sha256(corpus), "vocab_size": vocab_size, "seed": seed}
    if (work / "data.json").exists():
        facts = json.loads((work / "data.json").read_text())
        if asked != {name: facts[name] for name in asked}:
            raise ValueError(f"{work} was prepared from another corpus, vocabulary or seed; take another folder")
        return
    work.mkdir(parents=True, exist_ok=True)
    kept, held_out = split_held_out(read_documents(corpus))
    tokenizer = train_tokenizer(tokenizer_texts(kept), vocab_size)
    tokenizer.save(str(work / "tokenizer.json"))
    tokens = encode(tokenizer, training_texts(kept, seed))
    np.save(work / "tokens.npy", tokens)
    facts = asked | {
        "documents": len(kept),
        "held_out_documents": len(held_out),
        "tokens": len(tokens),
        "held_out_bytes": write_held_out(held_out, tokenizer, work),
    }
    (work / "data.tmp").write_text(json.dumps(facts, indent=2), encoding="utf-8")
    os.replace(work / "data.tmp", work / "data.json")


def tokenizer_texts(documents: list[Document]) -> list[str]:
    modern = [document.text for document in documents if document.kind != "book"]
    books = [document.text for document in documents if document.kind == "book"]
    return with_emoji(modern + books[::BOOKS_FOR_TOKENIZER])


def write_held_out(documents: list[Document], tokenizer: Tokenizer, work: Path) -> dict[str, int]:
    """A token file per kind; returns the UTF-8 bytes of each kind's texts, ends not counted."""
    sizes: dict[str, int] = {}
    for kind in PASSES:
        texts = [text for document in documents if document.kind == kind for text in held_out_texts(document)]
        np.save(work / f"held_out_{kind}.npy", encode(tokenizer, texts))
        sizes[kind] = sum(len(text.encode()) for text in texts)
    return sizes
