from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from trainer.pretrain.tokenizer import (
    EMOJI,
    END_OF_TEXT,
    as_transformers,
    decode_bytes,
    encode,
    encode_bytes,
    train_tokenizer,
    with_emoji,
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["the kettle is on and the lamp is lit. 1999"] * 5, 320)


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


def test_an_end_of_text_in_a_text_is_only_characters(tokenizer: Tokenizer) -> None:
    tokens = encode(tokenizer, [f"a {END_OF_TEXT} b"])
    assert np.flatnonzero(tokens == 0).tolist() == [len(tokens) - 1]
    assert tokenizer.decode(tokens.tolist(), skip_special_tokens=False) == f"a {END_OF_TEXT} b{END_OF_TEXT}"


@settings(max_examples=200)
@given(data=st.binary())
def test_any_bytes_survive_the_tokenizer(tokenizer: Tokenizer, data: bytes) -> None:
    assert decode_bytes(tokenizer, encode_bytes(tokenizer, data)) == data


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_bytes_of_a_text_are_its_utf8(tokenizer: Tokenizer, text: str) -> None:
    assert decode_bytes(tokenizer, tokenizer.encode(text).ids) == text.encode()


def test_every_emoji_becomes_a_token_of_its_own() -> None:
    tokenizer = train_tokenizer(with_emoji(["the kettle is on and the lamp is lit"] * 9), 700)
    emoji = EMOJI.split(" ")
    assert len(set(emoji)) == len(emoji) > 100
    assert [one for one in emoji if len(tokenizer.encode(one).ids) != 1] == []
    assert len(tokenizer.encode("😂😂").ids) == 2


def test_transformers_reads_the_same(tokenizer: Tokenizer) -> None:
    wrapped = as_transformers(tokenizer, 64)
    text = "The  kettle , it 's on 👩‍🚒 ."
    ids = wrapped(text, add_special_tokens=False)["input_ids"]
    assert ids == tokenizer.encode(text).ids
    assert wrapped.decode(ids) == text
    assert wrapped.eos_token_id == wrapped.pad_token_id == 0
