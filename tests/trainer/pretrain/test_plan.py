from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
import torch

from trainer.pretrain.plan import Plan, Shape, build_model, rate_factor

PLAN = Plan(tokens=64 * 100, layers=1, width=32, heads=2, context=16, vocab_size=300, rows=4, warm_up=10, decay=0.4)


def test_rates_warm_up_stay_and_go_to_zero() -> None:
    rates = [rate_factor(step, PLAN) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert PLAN.decay_from == 60
    assert set(rates[9:61]) == {1.0}
    assert rates[60:] == pytest.approx([(100 - step) / 40 for step in range(60, 100)])


def test_a_run_shorter_than_its_warm_up() -> None:
    short = replace(PLAN, tokens=64 * 3)
    assert all(0 < rate_factor(step, short) <= 1 for step in range(short.steps))


@pytest.mark.parametrize("shape", get_args(Shape))
def test_a_model_depends_on_the_plan_only(shape: Shape) -> None:
    plan = replace(PLAN, shape=shape)
    one, same, other = build_model(plan), build_model(plan), build_model(replace(plan, seed=2))
    assert one.config.model_type == shape
    assert one.get_input_embeddings().weight.shape == (300, 32)
    assert one.get_output_embeddings().weight is one.get_input_embeddings().weight
    assert all(torch.equal(p, q) for p, q in zip(one.parameters(), same.parameters(), strict=True))
    assert not torch.equal(next(one.parameters()), next(other.parameters()))


def test_both_shapes_have_about_the_same_bytes() -> None:
    sizes = [sum(p.numel() for p in build_model(Plan(tokens=1, shape=shape)).parameters()) for shape in get_args(Shape)]
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)
