from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.base import Base
from trainer.characters import MACHINE, Characters, walk
from trainer.protocol import GenerateRequest

from .helpers import plain_engine


def table_of(base: Base) -> Characters:
    assert base.vocabulary.characters is not None
    return base.vocabulary.characters


@given(st.text())
def test_text_is_valid_and_ends_between_characters(text: str) -> None:
    assert walk(text.encode()) == 0


@given(st.binary(max_size=6))
def test_what_python_cannot_decode_is_invalid_or_unfinished(data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError:
        assert walk(data) != 0
    else:
        assert walk(data) == 0


def test_every_state_can_be_left() -> None:
    assert all(0 <= after < len(MACHINE) for state in MACHINE for _, _, after in state)
    assert all(walk(bytes([0xF0, 0x90]), 0) == 2 for _ in MACHINE)


@pytest.mark.parametrize("text", ["a zebra 🦓, ", "é", "ночь 🌧", "茶を飲む"])
def test_a_text_may_come_token_by_token(base: Base, text: str) -> None:
    table, state = table_of(base), 0
    for token in base.vocabulary.encode(text):
        assert table.allowed[state, token]
        state = table.state_after([token], state)
    assert state == 0


def test_within_a_character_only_its_bytes_come(base: Base) -> None:
    table = table_of(base)
    zebra = base.vocabulary.encode("🦓")
    assert len(zebra) > 1
    state = table.state_after(zebra[:1])
    assert state != 0
    assert table.allowed[state, zebra[1]]
    assert not table.allowed[state, base.end_id]
    assert not table.allowed[state, base.vocabulary.encode("a")[0]]
    assert not table.allowed[0, zebra[1]]


@pytest.mark.parametrize("temperature", [0.0, 1.0, 5.0])
def test_what_is_sampled_is_valid_unicode(any_base: Base, temperature: float) -> None:
    """From weights that know nothing: most bytes would be broken."""
    engine = plain_engine(any_base)
    pieces: list[str] = []
    for seed in range(8):
        request = GenerateRequest(id=1, key="", prompt="", max_tokens=40, temperature=temperature, top_p=1.0, seed=seed)
        engine.generate(request, lambda number, piece, again: pieces.append(piece))
    assert "\ufffd" not in "".join(pieces)


def test_broken_tokens_in_a_prompt_are_passed_over(base: Base) -> None:
    tail = base.vocabulary.encode("🦓")[1:]
    assert table_of(base).state_after([*tail, *base.vocabulary.encode("a")]) == 0


def test_any_logits_leave_something_to_choose(base: Base) -> None:
    table = table_of(base)
    assert torch.isfinite(table.masks).any(dim=1).all()
    assert torch.equal(torch.isfinite(table.masks), table.allowed)
