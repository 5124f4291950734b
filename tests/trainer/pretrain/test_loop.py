from __future__ import annotations

import json
import math
import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainer.helpers import write_base_corpus
from trainer.pretrain import corpus as corpus_module
from trainer.pretrain import loop
from trainer.pretrain.loop import BEFORE_DECAY, CHECKPOINT, Run, batches, optimizers, train
from trainer.pretrain.plan import Plan, build_model
from trainer.pretrain.prepare import prepare

PLAN = Plan(
    tokens=64 * 7,
    layers=1,
    width=32,
    heads=2,
    context=16,
    vocab_size=300,
    rows=4,
    micro_rows=2,
    warm_up=2,
    decay=0.4,
    average=0.3,
)


def documents(n: int) -> dict[str, str]:
    words = ["lamp", "kettle", "ship", "tea", "counts", "drinks", "the", "a", "slowly", "gerald"]
    rng = random.Random(1)
    names = ("common-voice", "18f", "sotu", "novel")
    return {f"{name}-{i}": " ".join(rng.choices(words, k=30)) + "." for i in range(n) for name in names}


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(corpus_module, "HELD_OUT_EVERY", 5)
    monkeypatch.setattr(corpus_module, "HELD_OUT_FIRST", 1)
    return write_base_corpus(tmp_path, documents(10))


def run_of(corpus: Path, work: Path, plan: Plan = PLAN, every: int = 3) -> Run:
    prepare(corpus, work, plan.vocab_size, plan.seed)
    return train(plan, work, every, compiling=False)


def trained(corpus: Path, work: Path, plan: Plan = PLAN, every: int = 3) -> dict[str, torch.Tensor]:
    """The weights and their average."""
    run = run_of(corpus, work, plan, every)
    return run.model.state_dict() | {f"average {i}": tensor for i, tensor in enumerate(run.average)}


def equal(one: dict[str, torch.Tensor], two: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], two[name]) for name in one)


# Parts


def test_a_pass_has_every_row_once() -> None:
    plan = replace(PLAN, tokens=64 * 5)
    tokens = np.arange(20 * 16 + 1, dtype=np.uint16)
    rows = torch.cat(list(batches(tokens, plan, 0)))
    assert sorted(rows[:, 0].tolist()) == list(range(0, 320, 16))
    assert all(row.tolist() == list(range(int(row[0]), int(row[0]) + 17)) for row in rows)
    assert rows[:, 0].tolist() != sorted(rows[:, 0].tolist())


def test_passes_differ_and_a_later_start_has_the_same_batches() -> None:
    plan = replace(PLAN, tokens=64 * 10)
    tokens = np.arange(20 * 16 + 1, dtype=np.uint16)
    whole = list(batches(tokens, plan, 0))
    assert len(whole) == 10
    assert not torch.equal(torch.cat(whole[:5]), torch.cat(whole[5:]))
    assert torch.equal(torch.cat(list(batches(tokens, plan, 7))), torch.cat(whole[7:]))
    other = list(batches(tokens, replace(plan, seed=2), 0))
    assert not torch.equal(torch.cat(other), torch.cat(whole))


def test_too_few_tokens_for_a_step() -> None:
    with pytest.raises(ValueError, match="too few"):
        list(batches(np.zeros(40, dtype=np.uint16), PLAN, 0))


def test_every_weight_has_one_optimizer() -> None:
    model = build_model(PLAN)
    muon, adam = ([p for group in opt.param_groups for p in group["params"]] for opt in optimizers(model, PLAN))
    assert {id(p) for p in muon}.isdisjoint(id(p) for p in adam)
    assert len(muon) + len(adam) == len(list(model.parameters()))
    assert [tuple(p.shape) for p in muon] == [(32, 32)] * 4 + [(96, 32), (96, 32), (32, 96)]


# Training


def test_training_learns_something(corpus: Path, tmp_path: Path) -> None:
    trained(corpus, tmp_path / "work", replace(PLAN, tokens=64 * 40), every=10)
    log = [json.loads(line) for line in (tmp_path / "work" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [10, 20, 24, 30, 40]
    assert log[-1]["tokens"] == 64 * 40
    assert log[-1]["loss"] < log[0]["loss"] < math.log(300) + 0.5


def test_a_run_depends_on_its_seed_only(corpus: Path, tmp_path: Path) -> None:
    one = trained(corpus, tmp_path / "one")
    assert equal(one, trained(corpus, tmp_path / "two", every=2))
    assert not equal(one, trained(corpus, tmp_path / "three", replace(PLAN, seed=2)))


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("trainer.pretrain.loop.train_step", 6),  # between two checkpoints
        ("trainer.pretrain.loop.os.replace", 2),  # in the middle of writing one
        ("trainer.pretrain.loop.log_line", 2),  # right before one
        ("trainer.pretrain.loop.save", 1),  # before the first
    ],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, calls: int
) -> None:
    whole = trained(corpus, tmp_path / "whole")
    module, _, name = where.rpartition(".")
    original = getattr(os if module.endswith(".os") else loop, name)
    made: list[None] = []

    def interrupted(*arguments: object) -> object:
        made.append(None)
        if len(made) == calls:
            raise KeyboardInterrupt
        return original(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            trained(corpus, tmp_path / "work")
    assert equal(trained(corpus, tmp_path / "work"), whole)


def test_a_finished_run_is_not_trained_again(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = trained(corpus, tmp_path / "work")
    monkeypatch.setattr(loop, "train_step", None)
    assert equal(trained(corpus, tmp_path / "work"), whole)


def test_a_kill_when_the_decay_begins(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = run_of(corpus, tmp_path / "whole")
    original = os.replace

    def killed_at_the_checkpoint(source: Path, target: Path) -> None:
        if target.name == CHECKPOINT and (target.parent / BEFORE_DECAY).exists():
            raise KeyboardInterrupt
        original(source, target)

    work = tmp_path / "work"
    with monkeypatch.context() as patch:
        patch.setattr("trainer.pretrain.loop.os.replace", killed_at_the_checkpoint)
        with pytest.raises(KeyboardInterrupt):
            run_of(corpus, work)
    again = run_of(corpus, work)
    assert torch.load(work / BEFORE_DECAY, weights_only=True)["step"] == PLAN.decay_from
    assert [line | {"seconds": 0} for line in again.log] == [line | {"seconds": 0} for line in whole.log]
    assert (work / "log.jsonl").read_text().count("\n") == len(again.log)


def test_a_finished_run_goes_on_from_before_its_decay(corpus: Path, tmp_path: Path) -> None:
    longer = replace(PLAN, tokens=64 * 14)
    whole = run_of(corpus, tmp_path / "whole", longer).model.state_dict()
    work = tmp_path / "work"
    trained(corpus, work)
    os.replace(work / BEFORE_DECAY, work / CHECKPOINT)
    assert equal(run_of(corpus, work, longer).model.state_dict(), whole)
    assert train(longer, work, 3).aims == [{"step": 0, "tokens": 64 * 7}, {"step": 4, "tokens": 64 * 14}]


def test_a_checkpoint_of_another_plan(corpus: Path, tmp_path: Path) -> None:
    trained(corpus, tmp_path / "work")
    with pytest.raises(ValueError, match="another heads, muon_rate; take another work folder"):
        train(replace(PLAN, heads=4, muon_rate=0.5), tmp_path / "work", 3, compiling=False)


def test_the_average_moves_with_the_weights(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-way to the new weights each step, over a horizon of two; the first step's weights count whole."""
    seen: list[list[torch.Tensor]] = []

    def watch(run: Run, work: Path) -> None:
        seen.append([p.detach().clone() for p in run.model.parameters()])

    monkeypatch.setattr("trainer.pretrain.loop.save", watch)
    run = run_of(corpus, tmp_path / "work", replace(PLAN, average=2 / 7), every=1)
    expected = seen[0]
    for weights in seen[1:]:
        expected = [(old + new) / 2 for old, new in zip(expected, weights, strict=True)]
    assert all(torch.allclose(a, e, atol=1e-6) for a, e in zip(run.average, expected, strict=True))


def test_what_a_run_was_made_with_stays_with_it(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when a finished run is published from another machine."""
    made = run_of(corpus, tmp_path / "work").made_with
    assert {"hardware", "date", "versions"} == set(made)
    monkeypatch.setattr("trainer.pretrain.loop.cpu_name", lambda: "another processor")
    assert run_of(corpus, tmp_path / "work").made_with == made
