from __future__ import annotations

from typing import get_args

import pytest
import torch
from torch.nn import functional

from trainer import loss as loss_module
from trainer.pretrain.loss import evaluation_nats, training_loss
from trainer.pretrain.plan import Plan, Shape, build_model

PLAN = Plan(tokens=1, layers=1, width=32, heads=2, context=16, vocab_size=300)


@pytest.mark.parametrize("shape", get_args(Shape))
@pytest.mark.parametrize("chunk", [7, 512])
def test_loss_and_gradients_are_those_of_all_logits_at_once(
    monkeypatch: pytest.MonkeyPatch, shape: Shape, chunk: int
) -> None:
    monkeypatch.setitem(loss_module.CHUNK, "cpu", chunk)
    model = build_model(Plan(tokens=1, shape=shape, layers=1, width=32, heads=2, context=16, vocab_size=300))
    rows = torch.randint(0, 300, (5, 17), generator=torch.Generator().manual_seed(1))
    loss = training_loss(model, compiling=False)(rows)
    loss.backward()
    found = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    logits = model(input_ids=rows[:, :-1]).logits
    expected = functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
    expected.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=1e-3)
    for gradient, parameter in zip(found, model.parameters(), strict=True):
        assert parameter.grad is not None
        assert (gradient - parameter.grad).norm() < 0.03 * parameter.grad.norm() + 1e-6


def test_evaluation_has_each_tokens_nats() -> None:
    model = build_model(PLAN)
    rows = torch.randint(0, 300, (3, 17), generator=torch.Generator().manual_seed(1))
    nats = evaluation_nats(model, rows)
    assert nats.shape == (3, 16)
    log_probabilities = model(input_ids=rows[:, :-1]).logits.log_softmax(dim=-1)
    assert nats[2, 5].item() == pytest.approx(-log_probabilities[2, 5, rows[2, 6]].item(), rel=1e-4)
