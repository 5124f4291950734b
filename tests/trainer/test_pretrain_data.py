from __future__ import annotations

import hashlib
import json
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from trainer import pretrain_data
from trainer.pretrain_data import (
    END_OF_TEXT,
    PASSAGE_CHARS,
    PASSES,
    Document,
    as_posts,
    encode,
    kind_of,
    passages,
    prepare,
    read_documents,
    split_held_out,
    tidy,
    train_tokenizer,
    training_texts,
)

from .helpers import write_base_corpus


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["the kettle is on and the lamp is lit. 1999"] * 5, 320)


# Documents


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("common-voice-en-017", "sentences"),
        ("digitalgov/2014/a-post", "blog"),
        ("18f-2019-hello", "blog"),
        ("sotu-1941", "speech"),
        ("wells-time-machine", "book"),
        ("a-book-about-sotu", "book"),
    ],
)
def test_kinds(name: str, kind: str) -> None:
    assert kind_of(name) == kind
    assert kind in PASSES


@pytest.mark.parametrize("compressed", [False, True])
def test_documents_are_read_in_file_order(tmp_path: Path, compressed: bool) -> None:
    corpus = write_base_corpus(tmp_path, {"sotu-1": "My fellow\n\nAmericans.", "book": "# One\n*Once*."}, compressed)
    assert corpus.suffix == (".xz" if compressed else ".txt")
    assert list(read_documents(corpus)) == [
        Document("speech", "My fellow\nAmericans."),
        Document("book", "One\nOnce."),
    ]


def test_a_corpus_without_its_manifest(tmp_path: Path) -> None:
    corpus = write_base_corpus(tmp_path, {"book": "Once."})
    (tmp_path / "corpus.manifest.tsv").unlink()
    with pytest.raises(FileNotFoundError):
        list(read_documents(corpus))


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("one\n\n\ntwo", "one\ntwo"),
        ("# Heading\n> quote\n- item\n* item", "Heading\nquote\nitem\nitem"),
        ("*very* **strong**", "very strong"),
        ("many   spaces\tand\u00a0more ", "many spaces and more"),
        ("trailing \n  leading", "trailing\nleading"),
        ("mid-word - dash # and > stay", "mid-word - dash # and > stay"),
    ],
)
def test_tidy(raw: str, tidied: str) -> None:
    assert tidy(raw) == tidied


LONG = st.lists(
    st.lists(st.sampled_from(["word.", "tea!", "a" * 700, "and"]), min_size=1, max_size=40).map(" ".join), max_size=8
)


@given(LONG)
def test_passages_lose_nothing(paragraphs: list[str]) -> None:
    document = Document("book", "\n".join(paragraphs))
    texts = list(passages(document))
    assert "".join("".join(texts).split()) == "".join(document.text.split())
    assert all(len(text) >= PASSAGE_CHARS for text in texts[:-1])


def test_a_long_paragraph_is_cut_between_sentences() -> None:
    text = " ".join(f"This is sentence {i}." for i in range(1_000))
    texts = list(passages(Document("book", text)))
    assert len(texts) > 4
    assert all(text.startswith("This") and text.endswith(".") for text in texts)
    assert all(len(text) < PASSAGE_CHARS + 30 for text in texts)


def test_passages_keep_their_line_ends() -> None:
    text = "\n".join(["a paragraph of some words."] * 10)
    assert list(passages(Document("blog", text))) == [text]


def test_the_split_depends_on_the_text_only() -> None:
    documents = [Document("book", f"passage number {i}") for i in range(1_500)]
    kept, held_out = split_held_out(iter(documents))
    assert len(kept) + len(held_out) == 1_500
    assert 2 <= len(held_out) <= 30
    again = split_held_out(iter(documents[::-1]))
    assert set(again[1]) == set(held_out)


# Texts and tokens


def test_posts_are_the_lines_of_three_words() -> None:
    assert as_posts(Document("blog", "Title\nA line of words.\nno\nAnd another one.")) == [
        "A line of words.",
        "And another one.",
    ]


def test_modern_kinds_are_seen_more_often() -> None:
    documents = [Document(kind, f"{kind} of some words\nand {kind} once more") for kind in PASSES]
    texts = training_texts(documents, 1)
    for document in documents:
        posts = as_posts(document)
        seen = texts.count(document.text) * len(posts) + sum(texts.count(post) for post in posts)
        assert seen == PASSES[document.kind] * len(posts)
    assert documents[0].text not in texts  # sentences are never joined
    assert texts == training_texts(documents, 1)
    assert texts != training_texts(documents, 2)


@settings(max_examples=200)
@given(text=st.text() | st.text("🍲👩‍🚒@#09 aA\n\x00ÿ"))
def test_any_text_survives_the_tokenizer(tokenizer: Tokenizer, text: str) -> None:
    assert tokenizer.decode(tokenizer.encode(text).ids, skip_special_tokens=False) == text


def test_every_digit_is_a_token(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("1999").tokens == ["1", "9", "9", "9"]


def test_the_end_of_text_is_token_0(tokenizer: Tokenizer) -> None:
    assert tokenizer.token_to_id(END_OF_TEXT) == 0


def test_every_text_is_followed_by_an_end(tokenizer: Tokenizer) -> None:
    texts = [f"text {i}" for i in range(2_001)]  # more than a batch
    tokens = encode(tokenizer, texts)
    assert tokens.dtype == np.uint16
    ends = np.flatnonzero(tokens == 0)
    assert len(ends) == len(texts)
    assert ends[-1] == len(tokens) - 1
    assert tokenizer.decode(tokens[ends[-2] + 1 : -1].tolist()) == "text 2000"


def test_no_texts_are_no_tokens(tokenizer: Tokenizer) -> None:
    tokens = encode(tokenizer, [])
    assert tokens.dtype == np.uint16
    assert len(tokens) == 0


# All of it


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pretrain_data, "HELD_OUT_ONE_IN", 4)
    documents = {f"{name}-{i}": f"Here is {name} number {i}.\nIt has two lines." for name in NAMES for i in range(20)}
    return write_base_corpus(tmp_path, documents, compressed=True)


NAMES = ("common-voice", "18f", "sotu", "novel")


def test_preparing(corpus: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    prepare(corpus, work, 300, seed=1)
    facts = json.loads((work / "data.json").read_text())
    tokens = np.load(work / "tokens.npy")
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    assert facts["corpus_sha256"] == hashlib.sha256(corpus.read_bytes()).hexdigest()
    assert facts["tokens"] == len(tokens)
    assert facts["vocab_size"] == tokenizer.get_vocab_size() <= 300
    seen = tokenizer.decode(tokens.tolist(), skip_special_tokens=False).split(END_OF_TEXT)
    for kind in PASSES:
        held_out = np.load(work / f"held_out_{kind}.npy")
        texts = tokenizer.decode(held_out.tolist(), skip_special_tokens=False).split(END_OF_TEXT)[:-1]
        assert texts
        assert facts["held_out_bytes"][kind] == sum(len(text.encode()) + 1 for text in texts)
        assert not {text for text in texts if "Here is" in text} & set(seen)


def test_what_is_prepared_is_kept(corpus: Path, tmp_path: Path) -> None:
    prepare(corpus, tmp_path / "one", 300, seed=1)
    prepare(corpus, tmp_path / "two", 300, seed=1)
    tokens = (tmp_path / "one" / "tokens.npy").read_bytes()
    assert tokens == (tmp_path / "two" / "tokens.npy").read_bytes()
    corpus.write_bytes(lzma.compress(b"something else\f"))
    prepare(corpus, tmp_path / "one", 300, seed=2)
    assert (tmp_path / "one" / "tokens.npy").read_bytes() == tokens


def test_preparing_again_after_an_interruption(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its last file, a run isn't taken for finished."""
    work = tmp_path / "work"
    prepare(corpus, work, 300, seed=1)
    tokens = (work / "tokens.npy").read_bytes()
    (work / "data.json").unlink()
    (work / "tokens.npy").write_bytes(b"half")
    prepare(corpus, work, 300, seed=1)
    assert (work / "tokens.npy").read_bytes() == tokens
