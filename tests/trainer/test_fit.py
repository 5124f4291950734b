from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from tests.bases import gpt2
from trainer.base import Base
from trainer.fit import Curve, Meter, epoch_batches, fit, held_out_nats, rate_factor
from trainer.lora import embedding_weight
from trainer.protocol import Hyperparameters, Progress
from trainer.recipe import Recipe, choose_recipe
from trainer.sampling import Cancelled

from .helpers import HELD_OUT, POSTS

END = 0
CORPUS = st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=40), min_size=1, max_size=30)


def recipe_of(epochs: int = 3, rate: float = 1e-2, row_tokens: int = 16, rows: int = 4, seed: int = 1) -> Recipe:
    return Recipe(epochs, rate, lora_rank=4, row_tokens=row_tokens, rows=rows, seed=seed)


# Packing


@given(CORPUS, st.integers(2, 20), st.integers(1, 8), st.integers(0, 3))
def test_packing_covers_every_token(posts: list[list[int]], row_tokens: int, rows: int, epoch: int) -> None:
    """Numbered tokens: each is a target at least once, and only the last row repeats any."""
    numbered: list[list[int]] = []
    for ids in posts:
        first = sum(map(len, numbered)) + 1
        numbered.append(list(range(first, first + len(ids))))
    recipe = recipe_of(row_tokens=row_tokens, rows=rows)
    batches = list(epoch_batches(numbered, END, recipe, epoch))
    targets = torch.cat([batch[:, 1:].flatten() for batch in batches]).tolist()
    n_tokens = sum(len(ids) + 1 for ids in posts)
    assert set(targets) == {END, *(token for ids in numbered for token in ids)}
    assert n_tokens <= len(targets) < n_tokens + row_tokens
    assert all(len(batch) <= rows for batch in batches)
    assert len(batches) * recipe.epochs == recipe.steps(n_tokens)


@given(CORPUS, st.integers(0, 3))
def test_posts_are_whole_and_apart(posts: list[list[int]], epoch: int) -> None:
    """In one long row: every post, in some order, with an end-of-text token before and after it."""
    n_tokens = sum(len(ids) + 1 for ids in posts)
    (batch,) = epoch_batches(posts, END, recipe_of(row_tokens=n_tokens, rows=1), epoch)
    text = " ".join(map(str, batch[0].tolist()))
    assert sorted(text.removeprefix("0 ").removesuffix(" 0").split(" 0 ")) == sorted(
        " ".join(map(str, ids)) for ids in posts
    )


def test_every_epoch_has_an_order_of_its_own() -> None:
    posts = [[i] for i in range(1, 40)]

    def order(epoch: int, seed: int = 1) -> list[int]:
        rows = torch.cat(list(epoch_batches(posts, END, recipe_of(seed=seed), epoch)))
        return [token for token in rows[:, 1:].flatten().tolist() if token != END]

    assert order(0) == order(0)
    assert order(0) != order(1)
    assert order(0) != order(0, seed=2)
    assert posts == [[i] for i in range(1, 40)]


# Held-out loss


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


# The loop


def test_rates_warm_up_and_go_to_zero() -> None:
    rates = [rate_factor(step, 100, 0.05) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert max(rates) == 1
    assert 0 < rates[-1] < 0.01
    assert rate_factor(0, 1, 0.05) == 1


@pytest.fixture
def trainable(base: Base) -> Base:
    """All of the base model's weights, which is quicker and learns more than an adapter."""
    base.model.requires_grad_(True)
    return base


def run(base: Base, recipe: Recipe, held_out: list[str] = HELD_OUT) -> Curve:
    train, kept = ([base.encode(text) for text in texts] for texts in (POSTS * 4, held_out))
    torch.manual_seed(recipe.seed)
    return fit(base, train, kept, recipe, lambda progress: None, lambda: False)


def test_losses_go_down(trainable: Base) -> None:
    before = held_out_nats(trainable.model, [trainable.encode(text) for text in HELD_OUT], END, 64)
    curve = run(trainable, recipe_of(epochs=4, rate=5e-3))
    assert curve.train_loss[-1] < curve.train_loss[0]
    assert curve.held_out_nats[-1] < curve.held_out_nats[0] < before


def test_the_best_epochs_weights_stay(trainable: Base) -> None:
    """A rate so high that held-out text soon gets worse."""
    curve = run(trainable, recipe_of(epochs=12, rate=5e-2, row_tokens=64), held_out=["gerald 97 took 131 kettles"])
    assert curve.best_epoch < len(curve.held_out_nats)
    best = min(curve.held_out_nats)
    assert curve.held_out_nats[curve.best_epoch - 1] == best
    posts = [trainable.encode("gerald 97 took 131 kettles")]
    assert held_out_nats(trainable.model, posts, END, 64) == pytest.approx(best, rel=1e-6)


def test_it_stops_two_epochs_after_the_best(trainable: Base) -> None:
    curve = run(trainable, recipe_of(epochs=40, rate=5e-2, row_tokens=64), held_out=["gerald 97 took 131 kettles"])
    assert len(curve.held_out_nats) == len(curve.train_loss) == curve.best_epoch + 2 < 40


def test_without_held_out_posts_the_last_epoch_is_best(trainable: Base) -> None:
    """The curve must say which epoch's weights are kept."""
    curve = run(trainable, recipe_of(epochs=5, row_tokens=64), held_out=[])
    assert len(curve.train_loss) == 5
    assert curve.best_epoch == 5


def test_a_diverged_run_is_an_error(trainable: Base) -> None:
    with torch.no_grad():
        embedding_weight(trainable.model)[5] = float("nan")
    with pytest.raises(FloatingPointError, match="learning rate"):
        run(trainable, recipe_of())


def test_the_same_seed_gives_the_same_weights(base: Base) -> None:
    def weights(seed: int) -> torch.Tensor:
        torch.manual_seed(0)
        fresh = type(base)(**{**vars(base), "model": gpt2(len(base.tokenizer), 64)})
        run(fresh, recipe_of(epochs=1, seed=seed))
        return torch.cat([p.flatten() for p in fresh.model.parameters()])

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_progress_counts_to_the_end(trainable: Base) -> None:
    seen: list[Progress] = []
    train = [trainable.encode(text) for text in POSTS * 4]
    recipe = choose_recipe(Hyperparameters(epochs=2), trainable.parameters, 64, sum(len(ids) + 1 for ids in train))
    fit(trainable, train, [], recipe, seen.append, lambda: False)
    total = recipe.steps(sum(len(ids) + 1 for ids in train))
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (total, total, 0)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert all(progress.stage == "train" and progress.loss for progress in seen)


def test_a_meter_does_not_report_every_step() -> None:
    seen: list[Progress] = []
    meter = Meter(1_000, seen.append)
    for _ in range(1_000):
        meter.tick(2.0)
    assert seen[0].done == 1
    assert seen[-1].done == 1_000
    assert len(seen) < 500
    assert seen[-1].loss == 2.0


def test_it_can_be_cancelled_on_the_way(trainable: Base) -> None:
    checks: list[None] = []

    def cancelled() -> bool:
        checks.append(None)
        return len(checks) == 4

    train = [trainable.encode(text) for text in POSTS * 4]
    with pytest.raises(Cancelled):
        fit(trainable, train, [], recipe_of(epochs=50), lambda progress: None, cancelled)
    assert len(checks) == 4
