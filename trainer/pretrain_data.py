"""Corpus → documents → tokenizer → token files, for `trainer.pretrain`.

The corpus is one UTF-8 text (`.txt` or `.txt.xz`) whose documents end with a form feed line; the manifest
beside it (`*.manifest.tsv`: bytes, year, name) says what each document is. Needs only numpy and tokenizers.
"""

from __future__ import annotations

import csv
import hashlib
import json
import lzma
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END_OF_TEXT = "<|endoftext|>"
PASSAGE_CHARS = 4_000
HELD_OUT_ONE_IN = 150
# How often a passage of each kind is seen per pass over the corpus: the modern part is small (14 of 171 MB) but is
# what short posts look like. Every second time a document of a modern kind is cut into one-paragraph posts.
PASSES = {"sentences": 6, "blog": 4, "speech": 2, "book": 1}


@dataclass(frozen=True)
class Document:
    kind: str  # a key of PASSES
    text: str


def kind_of(name: str) -> str:
    """The kind of document that a manifest name stands for."""
    prefixes = {"common-voice": "sentences", "digitalgov": "blog", "18f": "blog", "sotu": "speech"}
    return next((kind for prefix, kind in prefixes.items() if name.startswith(prefix)), "book")


def read_documents(corpus: Path) -> Iterator[Document]:
    """Documents in file order, tidied. Raises OSError if the corpus or its manifest can't be read."""
    opener = lzma.open if corpus.suffix == ".xz" else open
    with opener(corpus, "rt", encoding="utf-8") as file:
        texts = file.read().split("\f")
    manifest = corpus.parent / (corpus.name.split(".")[0] + ".manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as file:
        names = [row["document"] for row in csv.DictReader(file, delimiter="\t")]
    for name, text in zip(names, texts, strict=False):
        yield Document(kind_of(name), tidy(text))


def tidy(text: str) -> str:
    """One paragraph a line, single spaces, no markdown emphasis or heading marks."""
    text = re.sub(r"^[#>*\-\s]+", "", text, flags=re.M)
    text = re.sub(r"[ \t\u00a0]+", " ", text.replace("\u2060", "").replace("*", ""))
    return re.sub(r" ?\n\s*", "\n", text).strip()


def passages(document: Document) -> Iterator[str]:
    """Runs of whole paragraphs of about PASSAGE_CHARS; a paragraph longer than that is cut between sentences."""
    run = ""
    for paragraph in document.text.split("\n"):
        long = len(paragraph) > PASSAGE_CHARS
        for number, piece in enumerate(re.split(r"(?<=[.!?]) ", paragraph) if long else [paragraph]):
            joint = "" if not run else " " if number else "\n"
            run += joint + piece
            if len(run) >= PASSAGE_CHARS:
                yield run
                run = ""
    if run:
        yield run


def split_held_out(documents: Iterator[Document]) -> tuple[list[Document], list[Document]]:
    """(training passages, held-out passages). The split depends on the passage's own text only."""
    kept: list[Document] = []
    held_out: list[Document] = []
    for document in documents:
        for text in passages(document):
            chosen = int(hashlib.sha256(text.encode()).hexdigest(), 16) % HELD_OUT_ONE_IN == 0
            (held_out if chosen else kept).append(Document(document.kind, text))
    return kept, held_out


def as_posts(document: Document) -> list[str]:
    return [line for line in document.text.split("\n") if len(line.split()) >= 3]


def training_texts(documents: list[Document], seed: int) -> list[str]:
    """The passages of one pass, repeated by PASSES, modern ones half the time as separate posts; shuffled."""
    texts: list[str] = []
    for document in documents:
        for repeat in range(PASSES[document.kind]):
            whole = document.kind != "sentences" and repeat % 2 == 0
            texts.extend([document.text] if whole else as_posts(document))
    random.Random(seed).shuffle(texts)
    return texts


def train_tokenizer(texts: list[str], vocab_size: int) -> Tokenizer:
    """Byte-level BPE with every byte in its alphabet, so any text survives a round trip."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode(tokenizer: Tokenizer, texts: list[str]) -> np.ndarray:
    """uint16 token ids, each text followed by the end-of-text token."""
    end = tokenizer.token_to_id(END_OF_TEXT)
    pieces = [np.empty(0, dtype=np.uint16)]
    for start in range(0, len(texts), 2_000):
        for encoding in tokenizer.encode_batch(texts[start : start + 2_000]):
            pieces.append(np.array([*encoding.ids, end], dtype=np.uint16))
    return np.concatenate(pieces)


def prepare(corpus: Path, work: Path, vocab_size: int, seed: int) -> None:
    """Write tokenizer.json, tokens.npy, held_out_<kind>.npy and data.json into `work`; a finished run is kept."""
    if (work / "data.json").exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    kept, held_out = split_held_out(read_documents(corpus))
    texts = training_texts(kept, seed)
    modern = [document.text for document in kept if document.kind != "book"]
    books = [document.text for document in kept if document.kind == "book"][::8]
    tokenizer = train_tokenizer(modern + books, vocab_size)
    tokenizer.save(str(work / "tokenizer.json"))
    tokens = encode(tokenizer, texts)
    np.save(work / "tokens.npy", tokens)
    held_out_bytes: dict[str, int] = {}
    for kind in PASSES:
        samples = [text for document in held_out if document.kind == kind for text in _evaluation_texts(document)]
        np.save(work / f"held_out_{kind}.npy", encode(tokenizer, samples))
        held_out_bytes[kind] = sum(len(text.encode()) + 1 for text in samples)
    facts = {
        "corpus_sha256": hashlib.sha256(corpus.read_bytes()).hexdigest(),
        "tokens": len(tokens),
        "vocab_size": tokenizer.get_vocab_size(),
        "seed": seed,
        "held_out_bytes": held_out_bytes,
    }
    (work / "data.json").write_text(json.dumps(facts, indent=2))


def _evaluation_texts(document: Document) -> list[str]:
    return as_posts(document) if document.kind == "sentences" else [document.text]
