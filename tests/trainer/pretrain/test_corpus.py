from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trainer.helpers import write_base_corpus
from trainer.pretrain.corpus import (
    PASSAGE_CHARS,
    PASSES,
    Document,
    as_posts,
    held_out_texts,
    kind_of,
    passages,
    read_documents,
    split_held_out,
    tidy,
    training_texts,
    unwrap,
)

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
        ("#hashtag first\n#2 too", "#hashtag first\n#2 too"),
        ("see [the guide](), or [](nothing ![a picture](", "see the guide, or nothing a picture"),
        ("a <b>bold</b> Q&amp;A <!-- note --> 3 < 4", "a bold Q&A 3 < 4"),
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


def test_every_fiftieth_document_from_the_eighth_on_is_held_out() -> None:
    documents = [Document("book", f"document {i}") for i in range(1, 161)]
    kept, held_out = split_held_out(iter(documents))
    assert [document.text for document in held_out] == ["document 8", "document 58", "document 108", "document 158"]
    assert len(kept) == 156
    assert not set(kept) & set(held_out)


@pytest.mark.parametrize(
    ("raw", "joined"),
    [
        ("broken in\nthe middle", "broken in the middle"),
        ("A sentence.\nAnother", "A sentence.\nAnother"),
        ("one paragraph\n\nanother", "one paragraph\n\nanother"),
        ("a list\n- item\n1 more", "a list\n- item\n1 more"),
        ('"Speech!"\nshe said', '"Speech!"\nshe said'),
    ],
)
def test_lines_broken_in_a_sentence_are_joined(raw: str, joined: str) -> None:
    assert unwrap(raw) == joined


def test_sentences_are_not_joined(tmp_path: Path) -> None:
    text = "He hoped so\nthen he left"
    corpus = write_base_corpus(tmp_path, {"common-voice-1": text, "novel": text})
    assert [document.text for document in read_documents(corpus)] == [text, text.replace("\n", " ")]


# Texts


def test_posts_are_the_lines_of_three_words() -> None:
    assert as_posts("Title\nA line of words.\nno\nAnd another one.") == [
        "A line of words.",
        "And another one.",
    ]


def test_modern_kinds_are_seen_more_often() -> None:
    documents = [Document(kind, f"{kind} of some words\nand {kind} once more") for kind in PASSES]
    texts = training_texts(documents, 1)
    for document in documents:
        posts = as_posts(document.text)
        seen = texts.count(document.text) * len(posts) + sum(texts.count(post) for post in posts)
        assert seen == PASSES[document.kind] * len(posts)
    assert documents[0].text not in texts  # sentences are never joined
    assert texts == training_texts(documents, 1)
    assert texts != training_texts(documents, 2)


def test_held_out_sentences_are_scored_one_by_one() -> None:
    assert held_out_texts(Document("sentences", "one\ntwo")) == ["one", "two"]
    assert held_out_texts(Document("book", "one\ntwo")) == ["one\ntwo"]
