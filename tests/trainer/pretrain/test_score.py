from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from trainer.pretrain.loss import evaluation_nats
from trainer.pretrain.plan import Plan, build_model
from trainer.pretrain.score import document_nats, held_out_bits_per_byte

PLAN = Plan(tokens=1, layers=1, width=32, heads=2, context=16, vocab_size=300)


def random_documents(*lengths: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    return np.concatenate([np.append(rng.integers(1, 300, n), 0) for n in lengths]).astype(np.uint16)


def test_a_model_that_knows_nothing(tmp_path: Path) -> None:
    model = build_model(PLAN)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    np.save(tmp_path / "held_out_book.npy", random_documents(99, 3, 40, 16, 17, 15))
    np.save(tmp_path / "held_out_blog.npy", random_documents(49))
    (tmp_path / "data.json").write_text('{"held_out_bytes": {"book": 400, "blog": 100, "speech": 0}}')
    scores = held_out_bits_per_byte(model, tmp_path)
    per_token = math.log2(300)
    assert scores == pytest.approx(
        {"book": per_token * 196 / 400, "blog": per_token * 50 / 100, "all": per_token * 246 / 500}, abs=1e-3
    )


def test_a_short_document_starts_with_an_end_of_text() -> None:
    model = build_model(PLAN)
    tokens = random_documents(9, 4)
    expected = sum(
        evaluation_nats(model, torch.tensor([[0, *document]])).sum().item()
        for document in (tokens[:10].tolist(), tokens[10:].tolist())
    )
    assert document_nats(model, tokens, context=16) == pytest.approx(expected, rel=1e-5)


def test_a_token_of_a_long_document_sees_at_least_half_a_context() -> None:
    model = build_model(PLAN)
    tokens = random_documents(39)
    document = [0, *tokens.tolist()]
    windows = [(0, 17, 16), (8, 25, 8), (16, 33, 8), (24, 41, 8)]  # first id, end, how many of the last count
    expected = sum(
        evaluation_nats(model, torch.tensor([document[first:end]]))[0, -counted:].sum().item()
        for first, end, counted in windows
    )
    assert document_nats(model, tokens, context=16) == pytest.approx(expected, rel=1e-5)


def test_scores_are_of_all_kinds_by_their_bytes(tmp_path: Path) -> None:
    model = build_model(PLAN)
    for kind, n in (("book", 60), ("blog", 20)):
        np.save(tmp_path / f"held_out_{kind}.npy", random_documents(n))
    (tmp_path / "data.json").write_text(json.dumps({"held_out_bytes": {"book": 300, "blog": 100}}))
    scores = held_out_bits_per_byte(model, tmp_path)
    assert scores["all"] == pytest.approx((3 * scores["book"] + scores["blog"]) / 4, abs=1e-3)
