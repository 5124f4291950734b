from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from transformers import DynamicCache

from trainer.base import Base
from trainer.sampling import CANDIDATES, Cancelled, Sampling, choose, sample

PROMPT = [0, 65, 70, 90, 12]


def drawn(probabilities: list[float], sampling: Sampling, n: int = 3_000) -> Counter[int]:
    """How often each token comes up."""
    generator = torch.Generator().manual_seed(1)
    logits = torch.tensor([probabilities]).log() + 3.0
    return Counter(choose(logits, sampling, [generator])[0] for _ in range(n))


# One step


def test_temperature_0_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.1, 2.0, 1.9], [5.0, -1.0, 4.9]])
    assert choose(logits, Sampling(temperature=0, n=2), [torch.Generator(), torch.Generator()]) == [1, 0]


@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 1e-300])
def test_a_tiny_temperature_is_nearly_0(temperature: float) -> None:
    assert set(drawn([0.2, 0.5, 0.3], Sampling(temperature=temperature), 20)) == {1}


def test_tokens_come_as_often_as_is_likely() -> None:
    counts = drawn([0.5, 0.3, 0.2], Sampling(temperature=1.0, top_p=1.0))
    assert [counts[i] / 3_000 for i in range(3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.03)


def test_temperature_sharpens() -> None:
    counts = drawn([0.6, 0.3, 0.1], Sampling(temperature=0.5, top_p=1.0))
    squares = [0.36 / 0.46, 0.09 / 0.46, 0.01 / 0.46]
    assert [counts[i] / 3_000 for i in range(3)] == pytest.approx(squares, abs=0.03)


@pytest.mark.parametrize(
    ("top_p", "nucleus"),
    [
        (0.01, {1}),
        (0.49, {1}),
        (0.51, {1, 3}),
        (0.79, {1, 3}),
        (0.81, {0, 1, 3}),
        (0.96, {0, 1, 2, 3}),
        (1.0, {0, 1, 2, 3}),
    ],
)
def test_the_nucleus_is_the_smallest_set_that_reaches_top_p(top_p: float, nucleus: set[int]) -> None:
    counts = drawn([0.15, 0.5, 0.05, 0.3], Sampling(temperature=1.0, top_p=top_p), 500)
    assert set(counts) == nucleus


def test_the_nucleus_keeps_its_proportions() -> None:
    counts = drawn([0.15, 0.5, 0.05, 0.3], Sampling(temperature=1.0, top_p=0.75))
    assert counts[1] / 3_000 == pytest.approx(0.5 / 0.8, abs=0.03)


def test_the_nucleus_is_measured_over_the_whole_vocabulary() -> None:
    """Half of the mass lies beyond the candidates that are looked at: that doesn't make the others likelier."""
    tail = CANDIDATES * 4
    probabilities = [0.3, 0.2, *[0.5 / tail] * tail]
    assert set(drawn(probabilities, Sampling(temperature=1.0, top_p=0.45), 200)) == {0, 1}


# Whole samples


def test_greedy_is_the_argmax_of_uncached_passes(any_base: Base) -> None:
    ids = list(PROMPT)
    with torch.inference_mode():
        for _ in range(20):
            ids.append(int(any_base.model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
    assert sample(any_base.model, PROMPT, Sampling(max_tokens=20, temperature=0), ()) == [ids[len(PROMPT) :]]


def test_cached_steps_have_the_logits_of_a_whole_pass(any_base: Base) -> None:
    rows = torch.arange(36).reshape(3, 12) * 11 % 320
    with torch.inference_mode():
        whole = any_base.model(input_ids=rows).logits
        cache = DynamicCache(config=any_base.model.config)
        steps = [any_base.model(input_ids=rows[:, i : i + 1], past_key_values=cache).logits for i in range(12)]
    torch.testing.assert_close(torch.cat(steps, dim=1), whole, rtol=1e-4, atol=1e-4)


def test_the_same_seed_gives_the_same_text(any_base: Base) -> None:
    def texts(seed: int) -> list[list[int]]:
        return sample(any_base.model, PROMPT, Sampling(n=2, max_tokens=12, seed=seed), ())

    assert texts(1) == texts(1)
    assert texts(1) != texts(2)


@pytest.mark.parametrize("seed", [-1, 2**62, 2**70])
def test_any_integer_is_a_seed(base: Base, seed: int) -> None:
    assert len(sample(base.model, PROMPT, Sampling(n=2, max_tokens=3, seed=seed), ())[0]) == 3


def test_a_sample_depends_on_neither_n_nor_the_others(any_base: Base) -> None:
    three = sample(any_base.model, PROMPT, Sampling(n=3, max_tokens=15, seed=3), ())
    assert sample(any_base.model, PROMPT, Sampling(n=1, max_tokens=15, seed=3), ()) == three[:1]
    assert sample(any_base.model, PROMPT, Sampling(n=2, max_tokens=15, seed=3), ()) == three[:2]
    assert len({tuple(ids) for ids in three}) == 3


def test_a_sample_ends_with_its_stop_token(base: Base) -> None:
    free = sample(base.model, PROMPT, Sampling(n=3, max_tokens=15, seed=3), ())
    stop = free[1][4]
    steps: list[list[int | None]] = []
    stopped = sample(base.model, PROMPT, Sampling(n=3, max_tokens=15, seed=3), {stop}, steps.append)
    for ids, whole in zip(stopped, free, strict=True):
        assert ids == (whole[: whole.index(stop) + 1] if stop in whole else whole)
    shown = [[step[i] for step in steps if step[i] is not None] for i in range(3)]
    assert shown == stopped


def test_what_has_ended_leaves_the_batch(any_base: Base) -> None:
    """And the others go on as if alone."""
    sizes: list[int] = []
    any_base.model.register_forward_hook(lambda layer, inputs, output: sizes.append(len(output.logits)))
    alone = [sample(any_base.model, PROMPT, Sampling(n=1, max_tokens=12, seed=3), ())[0]]
    steps: list[list[int | None]] = []

    def end_all_but_the_first(ids: list[int | None]) -> set[int]:
        steps.append(ids)
        return {len(steps)} if len(steps) < 5 else set()

    sizes.clear()
    five = sample(any_base.model, PROMPT, Sampling(n=5, max_tokens=12, seed=3), (), end_all_but_the_first)
    assert five[:1] == alone
    assert [len(ids) for ids in five] == [12, 1, 2, 3, 4]
    assert sizes == [1, 5, 5, 2, 1, 1, 1, 1, 1, 1, 1, 1]
    assert [[step[i] for step in steps if step[i] is not None] for i in range(5)] == five


def test_it_stops_when_every_sample_has_ended(base: Base) -> None:
    steps: list[list[int | None]] = []
    every = range(base.model.config.vocab_size)
    assert all(len(ids) == 1 for ids in sample(base.model, PROMPT, Sampling(n=3), every, steps.append))
    assert len(steps) == 1


def test_it_can_be_cancelled_on_the_way(base: Base) -> None:
    steps: list[list[int | None]] = []
    with pytest.raises(Cancelled):
        sample(base.model, PROMPT, Sampling(max_tokens=30), (), steps.append, lambda: len(steps) == 3)
    assert len(steps) == 3


def test_banned_tokens_come_later_if_at_all(base: Base) -> None:
    likeliest = Sampling(max_tokens=3, temperature=0)
    plain = sample(base.model, PROMPT, likeliest, ())[0]
    second = sample(base.model, PROMPT, likeliest, (), banned={plain[0]})[0]
    third = sample(base.model, PROMPT, likeliest, (), banned={plain[0], second[0]})[0]
    assert len({plain[0], second[0], third[0]}) == 3
    assert sample(base.model, [*PROMPT, second[0]], replace(likeliest, max_tokens=2), ())[0] == second[1:]
