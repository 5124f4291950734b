from __future__ import annotations

import copy
import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from trainer.base import Base, embedding_weight
from trainer.evaluation import held_out_nats
from trainer.packing import pack
from trainer.recipe import Recipe
from trainer.trainee import Trainee, adapter, output_weight, whole

from .helpers import POSTS, tokens_of


def posts_of(base: Base) -> list[list[int]]:
    return [base.vocabulary.encode(text) for text in POSTS]


RECIPE = Recipe("lora", 1, 1e-3, lora_rank=4, row_tokens=48, rows=2, seed=1, lora_alpha=8, trains_embedding=True)


def adapter_of(base: Base) -> Trainee:
    return adapter(base, RECIPE, tokens_of(base))


def layers_of(base: Base) -> Trainee:
    """An adapter without a token embedding of its own, as on a base model with a large one."""
    return adapter(base, replace(RECIPE, trains_embedding=False), tokens_of(base))


def whole_of(base: Base) -> Trainee:
    return whole(base, tokens_of(base))


def disturb(trainee: Trainee) -> None:
    """Weights that say something: LoRA begins with zeros."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in trainee.parameters:
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)


@pytest.mark.parametrize("make", [adapter_of, layers_of, whole_of])
@pytest.mark.parametrize("width", [16, 48])
def test_packed_posts_cost_what_they_cost_one_by_one(any_base: Base, make, width: int) -> None:  # type: ignore[no-untyped-def]
    """So no post sees another, and its positions are its own. `width` 16 cuts posts, as a context of 16 does."""
    trainee = make(any_base)
    disturb(trainee)
    trainee.model.eval()
    packed = trainee.nats(pack(posts_of(any_base), any_base.end_id, width, random.Random(1)))
    alone = held_out_nats(trainee.model, posts_of(any_base), any_base.end_id, width)
    assert packed.item() == pytest.approx(alone, rel=3e-3)


@pytest.mark.parametrize(("make", "n_embeddings"), [(adapter_of, 1), (layers_of, 0)])
def test_an_adapter_trains_every_layer(any_base: Base, make, n_embeddings: int) -> None:  # type: ignore[no-untyped-def]
    trainee = make(any_base)
    shapes = [tuple(p.shape) for p in trainee.parameters]
    assert shapes.count(tuple(trainee.embedding.shape)) == n_embeddings
    disturb(trainee)
    trainee.nats(pack(posts_of(any_base), any_base.end_id, 48, random.Random(1))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in trainee.parameters)


@pytest.mark.parametrize("make", [adapter_of, whole_of])
def test_gradients_are_those_of_the_plain_model(any_base: Base, make) -> None:  # type: ignore[no-untyped-def]
    """The embeddings'; tokens that don't occur share theirs of the output."""
    rows = pack(posts_of(any_base), any_base.end_id, 48, random.Random(1))
    model = copy.deepcopy(any_base.model).requires_grad_(True)
    for ids in posts_of(any_base):
        text = torch.tensor([[any_base.end_id, *ids, any_base.end_id]])
        logits = model(input_ids=text[:, :-1]).logits[0]
        torch.nn.functional.cross_entropy(logits, text[0, 1:], reduction="sum").backward()
    trainee = make(any_base)
    trainee.nats(rows).backward()
    occurring = sorted(tokens_of(any_base))
    expected, found = embedding_weight(model).grad, trainee.embedding.grad
    assert expected is not None
    assert found is not None
    assert (found - expected)[occurring].norm() < 0.02 * expected[occurring].norm()
    if not trainee.head.requires_grad:
        return
    expected, found = output_weight(model).grad, trainee.head.grad
    assert expected is not None
    assert found is not None
    assert (found - expected)[occurring].norm() < 0.02 * expected[occurring].norm()
    others = sorted(set(range(len(expected))) - set(occurring))
    mean = expected[others].mean(dim=0)
    assert (found[others] - mean).norm(dim=1).max() < 0.1 * mean.norm()


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
    trainee = whole_of(any_base)
    disturb(trainee)
    assert torch.equal(embedding_weight(any_base.model), before)
    assert not any(p.requires_grad for p in any_base.model.parameters())
    trainee.save(tmp_path / "persona")
    names = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in (tmp_path / "persona").iterdir()} == names
