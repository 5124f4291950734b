"""The corpus: documents, cleaned, split, and repeated by kind. Pure but for reading the file.

One UTF-8 text (`.txt` or `.txt.xz`) whose documents end with a form feed line; the manifest beside it
(`*.manifest.tsv`: bytes, year, name) says what each document is.
"""

from __future__ import annotations

import csv
import html
import lzma
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PASSAGE_CHARS = 4_000
HELD_OUT_EVERY, HELD_OUT_FIRST = 50, 7  # every 50th document, from the 8th on (counted from 0)
# How often a document of each kind is seen per pass over the corpus: the modern part is small (14 of 171 MB) but is
# what short posts look like. Every second repetition of such a document is cut into one-paragraph posts.
PASSES = {"sentences": 6, "blog": 3, "speech": 2, "book": 1}


@dataclass(frozen=True)
class Document:
    kind: str  # a key of PASSES
    text: str


def kind_of(name: str) -> str:
    """The kind of document that a manifest name stands for."""
    prefixes = {"common-voice": "sentences", "digitalgov": "blog", "18f": "blog", "sotu": "speech"}
    return next((kind for prefix, kind in prefixes.items() if name.startswith(prefix)), "book")


def read_documents(corpus: Path) -> Iterator[Document]:
    """Cleaned documents in file order.

    Raises OSError if the corpus or its manifest can't be read, ValueError if they don't fit each other.
    """
    opener = lzma.open if corpus.suffix == ".xz" else open
    with opener(corpus, "rt", encoding="utf-8") as file:
        texts = file.read().split("\f")
    manifest = corpus.parent / (corpus.name.split(".")[0] + ".manifest.tsv")
    with manifest.open(encoding="utf-8", newline="") as file:
        names = [row["document"] for row in csv.DictReader(file, delimiter="\t")]
    if len(texts) != len(names) + 1:  # after the last form feed there is nothing but a line end
        raise ValueError(f"{manifest} lists {len(names):,} documents, {corpus} has {len(texts) - 1:,}")
    for name, text in zip(names, texts, strict=False):
        kind = kind_of(name)
        yield Document(kind, tidy(text if kind == "sentences" else unwrap(text)))


def unwrap(text: str) -> str:
    """Lines that were broken in the middle of a sentence, joined."""
    return re.sub(r"(?<=[^\n.!?:;\"”)])\n(?=[^\W\d_])", " ", text)


def tidy(text: str) -> str:
    """One paragraph a line, single spaces, without HTML, empty links, emphasis, heading and list marks."""
    text = re.sub(r"<[a-zA-Z/!][^>]*>", "", html.unescape(text))
    text = re.sub(r"!?\[([^\]\n]*)\]\(\)?", r"\1", text)  # the corpus has lost its links' addresses
    text = re.sub(r"^(?:#+\s|[>*\-\s])+", "", text, flags=re.M)
    text = re.sub(r"[ \t\u00a0]+", " ", text.replace("\u2060", "").replace("*", ""))
    return re.sub(r" ?\n\s*", "\n", text).strip()


def split_held_out(documents: Iterator[Document]) -> tuple[list[Document], list[Document]]:
    """(documents to train on, held-out documents), by their place in the corpus."""
    kept: list[Document] = []
    held_out: list[Document] = []
    for number, document in enumerate(documents):
        (held_out if number % HELD_OUT_EVERY == HELD_OUT_FIRST else kept).append(document)
    return kept, held_out


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


def as_posts(text: str) -> list[str]:
    return [line for line in text.split("\n") if len(line.split()) >= 3]


def training_texts(documents: list[Document], seed: int) -> list[str]:
    """The passages of one pass, repeated by PASSES, every second repetition as separate posts; shuffled.

    Bundles of sentences are always taken apart.
    """
    texts: list[str] = []
    for document in documents:
        for passage in passages(document):
            for repeat in range(PASSES[document.kind]):
                whole = document.kind != "sentences" and repeat % 2 == 0
                texts.extend([passage] if whole else as_posts(passage))
    random.Random(seed).shuffle(texts)
    return texts


def held_out_texts(document: Document) -> list[str]:
    """What is scored with an empty context: a whole document, or each line of a bundle of sentences."""
    return document.text.split("\n") if document.kind == "sentences" else [document.text]
