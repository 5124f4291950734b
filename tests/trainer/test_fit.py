from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer import checkpoint
from trainer.base import Base
from trainer.cancelled import Cancelled
from trainer.checkpoint import Checkpoint
from trainer.evaluation import held_out_nats
from trainer.fit import (
    Curve,
    Diverged,
    Hooks,
    OutOfMemory,
    TokenCorpus,
    batches,
    evaluation_steps,
    fit,
    rate_factor,
)
from trainer.packing import Rows
from trainer.protocol import Hyperparameters, Progress
from trainer.recipe import Recipe, choose_recipe
from trainer.trainee import Trainee, whole

from .helpers import HELD_OUT, POSTS, tokens_of

END = 0
HARD = ["gerald 97 took 131 kettles"]  # gets worse soon, when the rate is high
RECIPE = Recipe("full", epochs=3, learning_rate=1e-2, lora_rank=4, row_tokens=32, rows=4, seed=1)
OVERFITTING = replace(RECIPE, learning_rate=5e-2, row_tokens=64)


@pytest.fixture
def trainee(base: Base) -> Trainee:
    """All weights, which is quicker and learns more than an adapter."""
    return whole(base, tokens_of(base))


def corpus_of(base: Base, held_out: list[str] = HELD_OUT) -> TokenCorpus:
    return TokenCorpus(
        [base.vocabulary.encode(text) for text in POSTS * 4], [base.vocabulary.encode(text) for text in held_out]
    )


def run(base: Base, recipe: Recipe, held_out: list[str] = HELD_OUT, hooks: Hooks | None = None) -> Curve:
    torch.manual_seed(recipe.seed)
    return fit(whole(base, tokens_of(base)), corpus_of(base, held_out), END, recipe, hooks or Hooks())


def weights(trainee: Trainee) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainee.parameters])


# Batches


@given(st.integers(1, 60), st.integers(1, 6), st.integers(1, 4), st.integers(0, 30))
def test_every_epoch_has_all_posts_in_equal_steps(n_posts: int, rows: int, epochs: int, start: int) -> None:
    posts = [[i % 50 + 1] * (i % 7 + 1) for i in range(n_posts)]
    recipe = replace(RECIPE, epochs=epochs, rows=rows, row_tokens=16)
    n_tokens = sum(len(ids) + 1 for ids in posts)
    per_epoch = recipe.steps_per_epoch(n_tokens)
    steps = list(batches(posts, END, recipe, per_epoch))
    assert len(steps) == epochs * per_epoch
    for epoch in range(epochs):
        of_epoch = steps[epoch * per_epoch : (epoch + 1) * per_epoch]
        assert sum(batch.n_targets for batch in of_epoch) == n_tokens
        sizes = [len(batch) for batch in of_epoch]
        assert max(sizes) - min(sizes) <= 1
    rest = list(batches(posts, END, recipe, per_epoch, start))
    assert len(rest) == max(0, len(steps) - start)
    assert all(torch.equal(a.inputs, b.inputs) for a, b in zip(rest, steps[start:], strict=True))


@given(st.integers(1, 100), st.integers(1, 5))
def test_an_epoch_ends_with_an_evaluation(per_epoch: int, evaluations: int) -> None:
    steps = evaluation_steps(per_epoch, evaluations)
    assert per_epoch - 1 in steps
    assert len(steps) <= evaluations
    assert min(steps) >= 0


# The loop


def test_rates_warm_up_and_go_to_zero() -> None:
    rates = [rate_factor(step, 100, 0.05) for step in range(100)]
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert max(rates) == 1
    assert 0 < rates[-1] < 0.01
    assert rate_factor(0, 1, 0.05) == 1


def test_losses_go_down(base: Base) -> None:
    before = held_out_nats(base.model, corpus_of(base).held_out, END, 64)
    points = run(base, replace(RECIPE, epochs=4, learning_rate=5e-3)).points
    assert [point.epoch for point in points] == [1, 2, 3, 4]
    assert points[-1].train_loss < points[0].train_loss
    assert points[-1].held_out_nats < points[0].held_out_nats < before


def test_the_best_points_weights_stay(base: Base, trainee: Trainee) -> None:
    corpus = corpus_of(base, HARD)
    curve = fit(trainee, corpus, END, replace(OVERFITTING, epochs=12), Hooks())
    assert curve.best + 1 < len(curve.points)
    assert curve.points[curve.best].held_out_nats == min(point.held_out_nats for point in curve.points)
    found = held_out_nats(trainee.model, corpus.held_out, END, 64)
    assert found == pytest.approx(curve.points[curve.best].held_out_nats, rel=1e-6)


@pytest.mark.parametrize(("rows", "evaluations", "points"), [(2, 1, 1), (2, 2, 2), (100, 2, 1)])
def test_it_stops_two_epochs_after_the_best(base: Base, rows: int, evaluations: int, points: int) -> None:
    """With a single step an epoch there is one point, whatever was wished."""
    curve = run(base, replace(OVERFITTING, epochs=40, rows=rows, evaluations=evaluations), HARD)
    assert len(curve.points) == curve.best + 1 + 2 * points < 40


def test_without_held_out_posts_the_last_point_is_best(base: Base) -> None:
    curve = run(base, replace(RECIPE, epochs=5, row_tokens=64), [])
    assert len(curve.points) == 5
    assert curve.best == 4


def test_a_diverged_run_is_an_error(base: Base, trainee: Trainee) -> None:
    with torch.no_grad():
        trainee.embedding[5] = float("nan")
    with pytest.raises(Diverged, match=r"learning rate 0.01: set a lower"):
        fit(trainee, corpus_of(base), END, RECIPE, Hooks())


def test_the_same_seed_gives_the_same_weights(base: Base) -> None:
    def trained(seed: int) -> torch.Tensor:
        trainee = whole(base, tokens_of(base))
        torch.manual_seed(seed)
        fit(trainee, corpus_of(base), END, replace(RECIPE, epochs=1, seed=seed), Hooks())
        return weights(trainee)

    assert torch.equal(trained(1), trained(1))
    assert not torch.equal(trained(1), trained(2))


def test_progress_counts_to_the_end(base: Base) -> None:
    seen: list[Progress] = []
    corpus = corpus_of(base)
    recipe = choose_recipe(Hyperparameters(epochs=2), replace(base.size, context=64), corpus.n_tokens)
    fit(whole(base, tokens_of(base)), corpus, END, recipe, Hooks(seen.append))
    assert seen[-1].done == seen[-1].total == 2 * recipe.steps_per_epoch(corpus.n_tokens)
    assert seen[-1].seconds_left == 0
    assert all(progress.stage == "train" and progress.loss and progress.tokens_per_second for progress in seen)


def test_progress_has_the_held_out_loss_once_it_is_known(base: Base) -> None:
    seen: list[Progress] = []
    run(base, replace(RECIPE, epochs=2, rows=1, row_tokens=16), hooks=Hooks(seen.append))
    assert seen[0].held_out_loss is None
    assert seen[-1].held_out_loss is not None
    assert 0 < seen[-1].held_out_loss < math.log(400) * 1.5


def test_it_can_be_cancelled_on_the_way(base: Base) -> None:
    checks: list[None] = []

    def cancelled() -> bool:
        checks.append(None)
        return len(checks) == 4

    with pytest.raises(Cancelled):
        run(base, replace(RECIPE, epochs=50), hooks=Hooks(cancelled=cancelled))
    assert len(checks) == 4


# Too little memory


class Tight:
    """In place of a trainee's `nats`: allocates as torch does, but more than `most` rows at once don't fit."""

    def __init__(self, trainee: Trainee, most: int) -> None:
        self.trainee, self.most = trainee, most
        self.sizes: list[int] = []

    def __call__(self, rows: Rows) -> torch.Tensor:
        self.sizes.append(len(rows))
        if len(rows) > self.most:
            torch.empty(2**62, dtype=torch.int8)  # raises what torch raises
        return self.trainee.nats(rows)


def tight(base: Base, most: int) -> tuple[Trainee, Tight]:
    trainee = whole(base, tokens_of(base))
    nats = Tight(trainee, most)

    class TightTrainee(Trainee):
        def nats(self, rows: Rows) -> torch.Tensor:
            return nats(rows)

    return TightTrainee(**vars(trainee)), nats


def test_out_of_memory_takes_fewer_rows_at_once_and_learns_the_same(base: Base) -> None:
    recipe = replace(RECIPE, epochs=1, rows=6)
    roomy = run(base, recipe)
    assert roomy.micro_rows == 12
    small, nats = tight(base, 2)
    curve = fit(small, corpus_of(base), END, recipe, Hooks())
    assert curve.micro_rows == 1  # 12 and 6 and 3 didn't fit
    assert max(nats.sizes[3:]) == 1
    assert curve.points[0].train_loss == pytest.approx(roomy.points[0].train_loss, rel=5e-3)
    assert curve.points[0].held_out_nats == pytest.approx(roomy.points[0].held_out_nats, rel=5e-3)


def test_not_even_one_row_fits(base: Base) -> None:
    small, _ = tight(base, 0)
    with pytest.raises(OutOfMemory, match="smaller base model"):
        fit(small, corpus_of(base), END, RECIPE, Hooks())


def test_another_error_is_not_taken_for_lack_of_memory(base: Base) -> None:
    class Broken(Trainee):
        def nats(self, rows: Rows) -> torch.Tensor:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        fit(Broken(**vars(whole(base, tokens_of(base)))), corpus_of(base), END, RECIPE, Hooks())


# Going on after a crash


class Crash(Exception):
    pass


@pytest.mark.parametrize("crash_at", [3, 8])
def test_a_killed_run_goes_on_to_the_same_weights(base: Base, tmp_path: Path, crash_at: int) -> None:
    recipe = replace(RECIPE, epochs=3, rows=2)
    corpus = corpus_of(base)

    def trained(folder: Path, crash: int | None) -> tuple[Curve, torch.Tensor]:
        saved = Checkpoint(folder / "checkpoint.pt", "this run")
        saved.save_if_due = save_always(saved, crash)  # type: ignore[method-assign]
        trainee = whole(base, tokens_of(base))
        torch.manual_seed(1)
        curve = fit(trainee, corpus, END, recipe, Hooks(checkpoint=saved))
        return curve, weights(trainee)

    (tmp_path / "straight").mkdir()
    expected = trained(tmp_path / "straight", None)
    with pytest.raises(Crash):
        trained(tmp_path, crash_at)
    curve, found = trained(tmp_path, None)
    assert curve.points == expected[0].points
    assert curve.best == expected[0].best
    assert torch.equal(found, expected[1])


@pytest.mark.parametrize("cancel_at", range(1, 40, 3))
def test_a_run_that_is_stopped_anywhere_goes_on_to_the_same_weights(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cancel_at: int
) -> None:
    """In the middle of a step, and in the middle of looking at held-out posts."""
    monkeypatch.setattr(checkpoint, "LOSS", 0.0)
    recipe = replace(RECIPE, epochs=3, rows=2, evaluations=2)
    corpus = corpus_of(base)

    def trained(path: Path, cancel: int | None) -> tuple[Curve, torch.Tensor]:
        asked: list[None] = []

        def cancelled() -> bool:
            asked.append(None)
            return len(asked) == cancel

        trainee = whole(base, tokens_of(base))
        torch.manual_seed(1)
        hooks = Hooks(cancelled=cancelled, checkpoint=Checkpoint(path, "this run"))
        curve = fit(trainee, corpus, END, recipe, hooks)
        assert cancel is None, f"it was over after {len(asked)}"
        return curve, weights(trainee)

    expected = trained(tmp_path / "straight.pt", None)
    assert not (tmp_path / "straight.pt").exists()
    with pytest.raises(Cancelled):
        trained(tmp_path / "stopped.pt", cancel_at)
    curve, found = trained(tmp_path / "stopped.pt", None)
    assert curve.points == expected[0].points
    assert torch.equal(found, expected[1])


def save_always(checkpoint: Checkpoint, crash_at: int | None):  # type: ignore[no-untyped-def]
    """Save after every step, whatever the clock says; then crash, if this is the step."""
    real = Checkpoint.save_if_due

    def save(state, seconds_left: float) -> None:  # type: ignore[no-untyped-def]
        checkpoint._last = -math.inf
        checkpoint._cost = 0
        real(checkpoint, state, math.inf)
        if crash_at is not None and state()["step"] == crash_at:
            raise Crash

    return save
