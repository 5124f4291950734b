"""Held-out loss."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from trainer.base import Base
from trainer.cancelled import Cancelled
from trainer.evaluation import held_out_nats

END = 0


def nats_of(model: torch.nn.Module, ids: list[int]) -> float:
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids[:-1]])).logits[0]
    return float(functional.cross_entropy(logits, torch.tensor(ids[1:]), reduction="sum"))


def test_padded_evaluation_is_one_by_one_evaluation(any_base: Base) -> None:
    """More posts than fit one batch, of very different lengths."""
    posts = [list(range(5, 6 + n * 7 % 50)) for n in range(1, 36)]
    expected = sum(nats_of(any_base.model, [END, *ids, END]) for ids in posts)
    assert held_out_nats(any_base.model, posts, END, any_base.context) == pytest.approx(expected, rel=2e-3)


def test_a_post_longer_than_the_context_counts_whole(base: Base) -> None:
    post = list(range(1, 151))
    row = [END, *post, END]
    expected = nats_of(base.model, row[:65]) + nats_of(base.model, row[64:129]) + nats_of(base.model, row[128:])
    assert held_out_nats(base.model, [post], END, base.context) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("n_tokens", [62, 63, 64, 127, 128])
def test_no_token_is_lost_around_the_contexts_length(base: Base, n_tokens: int) -> None:
    """With weights of zero every token costs the logarithm of the vocabulary."""
    with torch.no_grad():
        for parameter in base.model.parameters():
            parameter.zero_()
    each = torch.tensor(base.model.config.vocab_size).log().item()
    nats = held_out_nats(base.model, [list(range(1, n_tokens + 1))], END, base.context)
    assert nats / each == pytest.approx(n_tokens + 1, rel=1e-3)


def test_evaluation_is_without_dropout(base: Base) -> None:
    base.model.train()
    posts = [[5, 6, 7, 8, 9]]
    assert held_out_nats(base.model, posts, END, 64) == held_out_nats(base.model, posts, END, 64)


def test_nothing_held_out_has_no_loss(base: Base) -> None:
    assert held_out_nats(base.model, [], END, 64) == 0


def test_it_can_be_cancelled_between_batches(base: Base) -> None:
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        held_out_nats(base.model, [[5, 6, 7]] * 40, END, base.context, lambda: next(asked))
