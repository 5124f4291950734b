from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer
from transformers import GPT2Tokenizer

from trainer.adopt_tokenizer import adopt_tokenizer
from trainer.corpus import END_OF_TEXT
from trainer.foreign import Refused
from trainer.vocabulary import Vocabulary, read_vocabulary

from .published import change_json, save_old_tokenizer, write_json


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """GPT-2's two files, and what goes with them."""
    published = tmp_path / "published"
    published.mkdir()
    size = save_old_tokenizer(published)
    write_json(published / "config.json", {"eos_token_id": size - 1})
    return published


def rows_of(folder: Path) -> int:
    return len(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))


def adopted(folder: Path, rows: int | None = None) -> Vocabulary:
    out = folder.with_name("out")
    out.mkdir(exist_ok=True)
    rows = rows or rows_of(folder)
    adopt_tokenizer(folder, out, rows, context=64)
    return read_vocabulary(out, rows)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Vocabulary, GPT2Tokenizer]:
    """Ours, and transformers' of the same two files."""
    folder = tmp_path_factory.mktemp("both") / "published"
    folder.mkdir()
    save_old_tokenizer(folder)
    ours = adopted(folder)
    return ours, GPT2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))


@given(st.text(max_size=60))
def test_two_files_encode_as_transformers_tokenizer_does(both: tuple[Vocabulary, GPT2Tokenizer], text: str) -> None:
    ours, theirs = both
    ids = ours.encode(text)
    if END_OF_TEXT not in text:  # which is only characters to us
        assert ids == theirs(text)["input_ids"]
    assert ours.tokenizer.decode(ids) == text


@pytest.mark.parametrize(
    "text", ["the lighthouse keeper's tea  🍲\n", " soup's", "don't 123 4567", "für 日本語 \u200d", "<|endoftext|>a"]
)
def test_words_and_numbers_are_parted_as_transformers_parts_them(
    both: tuple[Vocabulary, GPT2Tokenizer], text: str
) -> None:
    ours, theirs = both
    assert theirs.decode(ours.encode(text)) == text
    if END_OF_TEXT not in text:
        assert ours.encode(text) == theirs(text)["input_ids"]


def test_the_end_token_is_found_wherever_it_is_said(folder: Path) -> None:
    last = rows_of(folder) - 1
    assert adopted(folder).end_id == last
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        change_json(folder / name, eos_token={"content": "a", "lstrip": False})
        assert adopted(folder).end_id != last
        change_json(folder / name, eos_token=...)
    assert adopted(folder).end_id == last  # config.json's
    write_json(folder / "config.json", {"eos_token_id": [3, last]})
    assert adopted(folder).end_id == 3
    (folder / "config.json").unlink()
    assert adopted(folder).end_id == last  # GPT-2's


def test_a_vocabulary_without_an_end_is_refused(folder: Path) -> None:
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    del vocabulary[END_OF_TEXT]
    write_json(folder / "vocab.json", vocabulary)
    write_json(folder / "config.json", {"eos_token_id": 10**6})
    with pytest.raises(Refused, match="end-of-text"):
        adopted(folder)


def test_added_tokens_keep_their_numbers(folder: Path) -> None:
    rows = rows_of(folder)
    write_json(folder / "added_tokens.json", {"<|two|>": rows + 1, "<|one|>": rows})
    vocabulary = adopted(folder, rows + 2)
    assert vocabulary.tokenizer.token_to_id("<|two|>") == rows + 1
    write_json(folder / "added_tokens.json", {"<|one|>": rows + 1})
    with pytest.raises(Refused, match=r"added_tokens\.json"):
        adopted(folder, rows + 2)


def test_what_is_set_for_training_is_unset(folder: Path) -> None:
    """Else prompts would be cut, or filled up."""
    adopted(folder)
    tokenizer = Tokenizer.from_file(str(folder.with_name("out") / "tokenizer.json"))
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=50)
    tokenizer.save(str(folder / "tokenizer.json"))
    assert 3 < len(adopted(folder).encode("the lighthouse keeper counts the ships")) < 50


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_half_a_tokenizer_is_none(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(Refused, match=r"no tokenizer\.json, and no vocab\.json with merges\.txt"):
        adopted(folder, 400)


@pytest.mark.parametrize("largest", [400, 2**31, 2**40])
def test_tokens_that_the_model_has_no_rows_for_are_refused(largest: int, folder: Path) -> None:
    """Also a few whose numbers alone would take gigabytes."""
    rows = rows_of(folder)
    change_json(folder / "vocab.json", a=largest)
    with pytest.raises(Refused, match="more tokens than its weights have rows"):
        adopted(folder, rows)


def test_added_tokens_that_the_model_has_no_rows_for_are_refused(folder: Path) -> None:
    adopted(folder)
    tokenizer = Tokenizer.from_file(str(folder.with_name("out") / "tokenizer.json"))
    tokenizer.add_tokens([AddedToken("gerald")])
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(Refused, match="more tokens than its weights have rows"):
        adopted(folder)
    assert adopted(folder, rows_of(folder) + 1).encode("gerald") == [rows_of(folder)]


@pytest.mark.parametrize("content", ["", "#version: 0.2\na b c\n", "#version: 0.2\nqq qq\n", "\x00"])
def test_merges_that_are_none_are_refused(content: str, folder: Path) -> None:
    (folder / "merges.txt").write_text(content, encoding="utf-8")
    try:
        vocabulary = adopted(folder)
    except Refused:
        return
    assert len(vocabulary.encode("the")) == 3  # nothing is merged


def test_tokens_outside_the_alphabet_of_bytes_are_refused(folder: Path) -> None:
    change_json(folder / "vocab.json", 日=rows_of(folder))
    with pytest.raises(Refused, match="can't be used"):
        adopted(folder)
