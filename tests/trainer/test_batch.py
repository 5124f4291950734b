"""Many personas in one batch: each as if alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tests.bases import Shape, save_tiny_base
from trainer.base import load_base
from trainer.batch import PLAIN, Batch, Weights
from trainer.engine import Engine
from trainer.linear import Precision
from trainer.lora import Layout, Packed
from trainer.speaker import load_speaker

from .adapters import greedy, save_random_adapter

NEW = 14  # tokens


@dataclass(frozen=True)
class Cast:
    """A base model with seven adapters: different ranks, with and without token rows."""

    base: Path
    adapters: tuple[Path, ...]

    def weights(self, precision: Precision) -> tuple[Engine, list[Weights]]:
        engine = Engine(load_speaker(str(self.base), precision=precision))
        return engine, [engine.make(engine.read_unverified(folder, full=False)).weights for folder in self.adapters]


@pytest.fixture(scope="module", params=["gpt2", "llama", "llama-untied"])
def cast(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    shape: Shape = request.param
    root = tmp_path_factory.mktemp(shape)
    folder = save_tiny_base(root / "base", shape)
    vocabulary = load_base(str(folder)).vocabulary.tokenizer.get_vocab_size()
    kinds = [(4, None), (2, [3, 70, 90]), (8, None), (4, list(range(vocabulary))), (1, [0]), (8, [5, 6]), (4, None)]
    made = [
        save_random_adapter(load_base(str(folder)), root / f"adapter-{i}", rank, i, tokens)
        for i, (rank, tokens) in enumerate(kinds)
    ]
    return Cast(folder, tuple(made))


def prompts(n: int) -> list[list[int]]:
    """Of 1 to 3n - 2 tokens."""
    return [[0, *((7 * i + 11 * j) % 250 for j in range(3 * i))] for i in range(n)]


@torch.inference_mode()
def mixed(batch: Batch, weights: list[Weights], asked: list[list[int]]) -> list[list[int]]:
    """Everybody's likeliest tokens: they join one after the other at odd times, in random places, and leave so."""
    rng = random.Random(1)
    found: list[list[int]] = [[] for _ in asked]
    rows: dict[int, int] = {}  # place → whose
    waiting = list(range(len(asked)))
    while waiting or rows:
        while waiting and len(rows) < batch.rows and (not rows or rng.random() < 0.5):
            who = waiting.pop(0)
            place = rng.choice([place for place in range(batch.rows) if place not in rows])
            batch.place(place, weights[who])
            logits = batch.read(place, [asked[who]], [len(asked[who]) - 1])
            found[who].append(int(logits.argmax()))
            rows[place] = who
        span = max(rows) + 1
        tokens = [found[rows[place]][-1] if place in rows else 0 for place in range(span)]
        lengths = [len(asked[rows[i]]) + len(found[rows[i]]) - 1 if i in rows else 0 for i in range(span)]
        chosen = batch.step(tokens, lengths).argmax(dim=-1).tolist()
        for place, who in list(rows.items()):
            found[who].append(chosen[place])
            if len(found[who]) == NEW:
                del rows[place]
    return found


def test_greedy_tokens_are_those_of_transformers_and_peft_alone(cast: Cast) -> None:
    engine, weights = cast.weights("fp32")
    batch = Batch(engine.speaker.decoder, rows=4, capacity=48)
    asked = prompts(8)
    found = mixed(batch, [*weights, PLAIN], asked)
    for adapter, prompt, tokens in zip([*cast.adapters, None], asked, found, strict=True):
        assert tokens == greedy(load_base(str(cast.base)), adapter, prompt, NEW)
    assert len({tuple(tokens) for tokens in mixed(batch, [*weights, PLAIN], [[0, 40, 41]] * 8)}) == 8


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_no_cross_talk(cast: Cast, precision: Precision) -> None:
    """A persona's logits don't change with its neighbours: in int8 not by a bit."""
    engine, weights = cast.weights(precision)
    decoder = engine.speaker.decoder
    prompt, tokens = prompts(8)[4], [9, 60, 61, 200, 9, 7, 30, 2] * 5
    with torch.inference_mode():
        alone = Batch(decoder, rows=8, capacity=64)
        alone.place(0, weights[1])
        expected = [alone.read(0, [prompt], [len(prompt) - 1])]
        expected += [alone.step([token], [len(prompt) + i]) for i, token in enumerate(tokens)]

        crowd = Batch(decoder, rows=8, capacity=64)
        for place, own in enumerate([weights[0], *weights[2:], weights[1], weights[1]]):
            crowd.place(place, own)
        crowd.read(0, [[0, 5, 9, 100], [0, 1, 2, 3]], [3, 2])
        found = [crowd.read(6, [prompt, prompts(8)[4]], [len(prompt) - 1] * 2)[:1]]
        for i, token in enumerate(tokens):
            beside = [(11 * i + place) % 250 for place in range(6)]
            places = [(3 * i + 7 * place) % 60 for place in range(6)]
            n = 7 + i % 2
            found.append(crowd.step([*beside, token, 4][:n], [*places, len(prompt) + i, 50][:n])[6:7])
    for one, other in zip(expected, found, strict=True):
        if precision == "int8":
            assert torch.equal(one, other)
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_row_knows_nothing_of_who_was_there_before(cast: Cast) -> None:
    engine, weights = cast.weights("int8")
    with torch.inference_mode():
        batch = Batch(engine.speaker.decoder, rows=2, capacity=48)
        fresh = batch.read(0, [[0, 8, 9]], [2])
        for own in (*weights, PLAIN):  # with ranks that make the stack anew
            batch.place(0, own)
            last = batch.read(0, [[0, 8, 9]], [2])
        assert torch.equal(last, fresh)
        batch.place(0, weights[0])
        assert not torch.equal(batch.read(0, [[0, 8, 9]], [2]), fresh)


def test_a_higher_rank_leaves_those_who_speak_alone(cast: Cast) -> None:
    engine, weights = cast.weights("int8")
    with torch.inference_mode():
        batch = Batch(engine.speaker.decoder, rows=3, capacity=48)
        batch.place(0, weights[4])
        batch.read(0, [[0, 8, 9]], [2])
        before = batch.step([7], [3])
        own = weights[2].packed
        assert own is not None
        layout = Layout.of(engine.speaker.decoder.linears, 2 * own.layout.rank)
        batch.place(1, Weights(Packed(layout, layout.pack(own.layout.unpack(own.vector)), own.scale)))
        torch.testing.assert_close(batch.step([7], [3]), before, rtol=1e-4, atol=1e-4)


def test_a_copy_goes_on_as_its_source(cast: Cast) -> None:
    engine, weights = cast.weights("int8")
    with torch.inference_mode():
        batch = Batch(engine.speaker.decoder, rows=3, capacity=48)
        batch.place(0, weights[0])
        batch.place(1, weights[1])
        batch.read(1, [[0, 8, 9, 4]], [3])
        batch.copy(1, 0, 4)
        batch.copy(1, 2, 3)  # without the last token, which it then reads by itself
        logits = batch.step([7, 7, 4], [4, 4, 3])
        assert torch.equal(logits[0], logits[1])
        assert not torch.equal(logits[2], logits[1])
        torch.testing.assert_close(batch.step([7, 7, 7], [4, 4, 4])[2], logits[1], rtol=1e-4, atol=1e-4)
