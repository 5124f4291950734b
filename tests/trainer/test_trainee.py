from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from trainer.base import Base
from trainer.evaluation import held_out_nats
from trainer.lora import embedding_weight
from trainer.packing import pack
from trainer.trainee import Trainee, adapter, whole

from .helpers import POSTS


def posts_of(base: Base) -> list[list[int]]:
    return [base.encode(text) for text in POSTS]


def adapter_of(base: Base) -> Trainee:
    return adapter(base, 4, sorted({base.end_id}.union(*posts_of(base))))


def disturb(trainee: Trainee) -> None:
    """Weights that say something: LoRA begins with zeros."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainee.parameters:
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)


@pytest.mark.parametrize("make", [adapter_of, whole])
@pytest.mark.parametrize("width", [16, 48])
def test_packed_posts_cost_what_they_cost_one_by_one(any_base: Base, make, width: int) -> None:  # type: ignore[no-untyped-def]
    """So no post sees another, and its positions are its own. `width` 16 cuts posts, as a context of 16 does."""
    trainee = make(any_base)
    disturb(trainee)
    trainee.model.eval()
    packed = trainee.nats(pack(posts_of(any_base), any_base.end_id, width, random.Random(1)))
    alone = held_out_nats(trainee.model, posts_of(any_base), any_base.end_id, width)
    assert packed.item() == pytest.approx(alone, rel=3e-3)


def test_an_adapter_trains_the_rows_of_its_tokens_and_every_layer(any_base: Base) -> None:
    trainee = adapter_of(any_base)
    assert trainee.slots is not None
    assert len(trainee.rows) == len({any_base.end_id}.union(*posts_of(any_base)))
    disturb(trainee)
    trainee.nats(pack(posts_of(any_base), any_base.end_id, 48, random.Random(1))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trainee.parameters)


def test_gradients_are_those_of_the_whole_model(any_base: Base) -> None:
    """The rows' gradient, from both ends of a tied embedding, is what the plain model's would be."""
    rows = pack(posts_of(any_base), any_base.end_id, 48, random.Random(1))
    full = whole(any_base)
    full.nats(rows).backward()
    trainee = adapter_of(any_base)
    trainee.nats(rows).backward()
    assert full.rows.grad is not None
    assert trainee.rows.grad is not None
    ids = sorted({any_base.end_id}.union(*posts_of(any_base)))
    expected = full.rows.grad[ids]
    assert (trainee.rows.grad - expected).norm() < 0.02 * expected.norm()


def test_released_the_base_model_is_as_it_was(any_base: Base) -> None:
    before = {name: tensor.clone() for name, tensor in any_base.model.state_dict().items()}
    trainee = adapter_of(any_base)
    disturb(trainee)
    trainee.release()
    after = any_base.model.state_dict()
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_whole_model_is_a_copy(any_base: Base, tmp_path: Path) -> None:
    before = embedding_weight(any_base.model).clone()
    trainee = whole(any_base)
    disturb(trainee)
    assert torch.equal(embedding_weight(any_base.model), before)
    assert not any(p.requires_grad for p in any_base.model.parameters())
    trainee.save(tmp_path / "persona")
    assert {path.name for path in (tmp_path / "persona").iterdir()} == {"config.json", "model.safetensors"}
