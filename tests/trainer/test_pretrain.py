from __future__ import annotations

import json
import math
import os
import random
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from trainer import pretrain, pretrain_data
from trainer.base import load_base
from trainer.lora import embedding_weight
from trainer.pretrain import Plan, batches, bits_per_byte, build_model, optimizers, publish, rate_factor, train
from trainer.pretrain_data import PASSES, prepare

from .helpers import write_base_corpus

PLAN = Plan(tokens=64 * 7, layers=1, width=32, heads=2, context=16, vocab_size=300, rows=4, micro_rows=2)
CPU = torch.device("cpu")


def documents(n: int) -> dict[str, str]:
    words = ["lamp", "kettle", "ship", "tea", "counts", "drinks", "the", "a", "slowly", "gerald"]
    rng = random.Random(1)
    names = ("common-voice", "18f", "sotu", "novel")
    return {f"{name}-{i}": " ".join(rng.choices(words, k=30)) + "." for i in range(n) for name in names}


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pretrain_data, "HELD_OUT_ONE_IN", 4)
    return write_base_corpus(tmp_path, documents(10))


def trained(corpus: Path, work: Path, plan: Plan = PLAN, every: int = 3) -> dict[str, torch.Tensor]:
    prepare(corpus, work, plan.vocab_size, plan.seed)
    return train(plan, work, every, compiling=False).state_dict()


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


def test_rates_warm_up_and_go_to_zero() -> None:
    plan = replace(PLAN, tokens=64 * 100, warm_up=0.1)
    rates = [rate_factor(step, plan) for step in range(100)]
    assert rates[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[10] == 1
    assert rates[-1] == pytest.approx(1 / 90)


def test_every_weight_has_one_optimizer() -> None:
    model = build_model(PLAN)
    muon, adam = ([p for group in opt.param_groups for p in group["params"]] for opt in optimizers(model, PLAN))
    assert {id(p) for p in muon}.isdisjoint(id(p) for p in adam)
    assert len(muon) + len(adam) == len(list(model.parameters()))
    assert [tuple(p.shape) for p in muon] == [(32, 96), (32, 32), (32, 128), (128, 32)]


def test_bits_per_byte_of_a_model_that_knows_nothing(tmp_path: Path) -> None:
    model = build_model(PLAN)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    np.save(tmp_path / "held_out_book.npy", np.ones(200, dtype=np.uint16))
    np.save(tmp_path / "held_out_blog.npy", np.ones(16, dtype=np.uint16))
    (tmp_path / "data.json").write_text('{"held_out_bytes": {"book": 600, "blog": 50}}')
    assert bits_per_byte(model, tmp_path, "book", PLAN, CPU) == pytest.approx(math.log2(300) * 200 / 600, abs=1e-3)
    assert bits_per_byte(model, tmp_path, "blog", PLAN, CPU) is None


# Training


def test_training_learns_something(corpus: Path, tmp_path: Path) -> None:
    trained(corpus, tmp_path / "work", replace(PLAN, tokens=64 * 40), every=10)
    log = [json.loads(line) for line in (tmp_path / "work" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log] == [10, 20, 30, 40]
    assert log[-1]["tokens"] == 64 * 40
    assert log[-1]["loss"] < log[0]["loss"] < math.log(300) + 0.5


def test_a_run_depends_on_its_seed_only(corpus: Path, tmp_path: Path) -> None:
    one = trained(corpus, tmp_path / "one")
    assert equal(one, trained(corpus, tmp_path / "two", every=2))
    assert not equal(one, trained(corpus, tmp_path / "three", replace(PLAN, seed=2)))


@pytest.mark.parametrize(
    ("where", "calls"),
    [
        ("trainer.pretrain.train_step", 6),  # between two checkpoints
        ("trainer.pretrain.os.replace", 2),  # in the middle of writing one
        ("trainer.pretrain.log", 2),  # right after one
        ("trainer.pretrain.save_checkpoint", 1),  # before the first
    ],
)
def test_an_interrupted_run_goes_on_as_if_nothing_had_been(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, calls: int
) -> None:
    whole = trained(corpus, tmp_path / "whole")
    module, _, name = where.rpartition(".")
    original = getattr(os if module.endswith(".os") else pretrain, name)
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
    monkeypatch.setattr(pretrain, "train_step", None)
    assert equal(trained(corpus, tmp_path / "work"), whole)


# Publishing


def test_a_published_base_can_be_loaded(corpus: Path, tmp_path: Path) -> None:
    work, out = tmp_path / "work", tmp_path / "out"
    prepare(corpus, work, PLAN.vocab_size, PLAN.seed)
    model = train(PLAN, work, 3, compiling=False)
    expected = model.transformer.wte.weight.detach().to(torch.bfloat16).float().clone()
    provenance = publish(model, work, out, PLAN)
    base = load_base(str(out))
    assert torch.equal(embedding_weight(base.model), expected)
    assert base.model.get_output_embeddings().weight is embedding_weight(base.model)
    assert base.context == 16
    assert base.end_id == 0
    assert base.tokenizer.backend_tokenizer.get_vocab_size() <= 300
    assert all(t.dtype == torch.bfloat16 for t in load_file(out / "model.safetensors").values())
    assert provenance == json.loads((out / "provenance.json").read_text())
    assert provenance["parameters"] == base.parameters
    assert provenance["plan"]["tokens"] == PLAN.tokens
    assert set(provenance["held_out_bits_per_byte"]) == set(PASSES)
    assert all(0 < bits < 20 for bits in provenance["held_out_bits_per_byte"].values())
    assert provenance["log"]["step"] == 7


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One step, on a corpus so small that nothing is held out of it."""
    corpus = write_base_corpus(tmp_path, documents(80), compressed=True)
    out = tmp_path / "out"
    options = ["--tokens", "8e3", "--width", "16", "--layers", "1", "--heads", "1", "--no-compile"]
    command = ["pretrain", "--corpus", str(corpus), "--work", str(tmp_path / "work"), "--out", str(out), *options]
    monkeypatch.setattr(sys, "argv", command)
    pretrain.main()
    assert json.loads(capsys.readouterr().out) == json.loads((out / "provenance.json").read_text())
    assert load_base(str(out)).context == 256
