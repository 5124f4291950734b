from __future__ import annotations

import random
from collections import Counter

import pytest
import torch

from trainer.sampling import AT_ONCE, Sampling, choose, penalize


def drawn(probabilities: list[float], sampling: Sampling, n: int = 3_000) -> Counter[int]:
    """How often each token comes up."""
    logits = (torch.tensor(probabilities).log() + 3.0).expand(n, -1)
    return Counter(choose(logits, [sampling] * n, [random.Random(1).random] * n))


def test_temperature_0_takes_the_likeliest() -> None:
    logits = torch.tensor([[0.1, 2.0, 1.9], [5.0, -1.0, 4.9]])
    assert choose(logits, [Sampling(temperature=0), Sampling(top_k=1)], [random.random] * 2) == [1, 0]


@pytest.mark.parametrize("temperature", [1e-3, 1e-30, 1e-300])
def test_a_tiny_temperature_is_nearly_0(temperature: float) -> None:
    assert set(drawn([0.2, 0.5, 0.3], Sampling(temperature=temperature), 20)) == {1}


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


def test_top_k_leaves_the_likeliest() -> None:
    assert set(drawn([0.15, 0.5, 0.05, 0.3], Sampling(temperature=1.0, top_p=1.0, top_k=2), 500)) == {1, 3}


@pytest.mark.parametrize("vocabulary", [2, 127, 128, 129, 1_000])
@pytest.mark.parametrize(
    "sampling", [Sampling(1.0, 1.0), Sampling(0.8, 0.95), Sampling(1.2, 0.5), Sampling(1.0, 0.9, top_k=7)]
)
def test_tokens_come_as_often_as_a_sorted_nucleus_says(vocabulary: int, sampling: Sampling) -> None:
    """Pearson's chi-squared test against the definition, at a level that chance passes 999,999 times in a million."""
    n = 20_000
    torch.manual_seed(vocabulary)
    logits = torch.randn(vocabulary) * 2
    ordered = (logits / sampling.temperature).softmax(dim=0).sort(descending=True)
    kept = ordered.values.cumsum(dim=0) - ordered.values < sampling.top_p
    if sampling.top_k:
        kept[sampling.top_k :] = False
    expected = torch.zeros(vocabulary)
    expected[ordered.indices[kept]] = ordered.values[kept] / ordered.values[kept].sum() * n
    draw = random.Random(vocabulary).random
    counts = torch.zeros(vocabulary)
    for _ in range(n // 1_000):
        chosen = choose(logits.expand(1_000, -1), [sampling] * 1_000, [draw] * 1_000)
        counts += torch.bincount(torch.tensor(chosen), minlength=vocabulary)
    assert counts[expected == 0].sum() == 0
    often = expected >= 5
    found = ((counts - expected) ** 2 / expected)[often].sum().item()
    freedom = max(1, int(often.sum()) - 1)
    # Wilson and Hilferty's approximation: its cube root is nearly normal
    normal = ((found / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5
    assert normal < 4.75


def test_a_row_depends_on_itself_only() -> None:
    """With different settings beside it, and more rows than are looked at at once."""
    torch.manual_seed(1)
    n = 3 * AT_ONCE
    logits = torch.randn(n, 300)
    kinds = [Sampling(0.7, 0.9), Sampling(0.0), Sampling(1.5, 0.4), Sampling(1.0, 1.0, top_k=3)]
    samplings = [kinds[row % 4] for row in range(n)]
    together = choose(logits, samplings, [random.Random(row).random for row in range(n)])
    alone = [choose(logits[[row]], [samplings[row]], [random.Random(row).random])[0] for row in range(n)]
    assert together == alone


def test_what_cannot_come_does_not() -> None:
    logits = torch.full((1, 500), -torch.inf)
    logits[0, [3, 499]] = 0.0
    chosen = {choose(logits, [Sampling(1.0, 1.0)], [random.Random(i).random])[0] for i in range(50)}
    assert chosen == {3, 499}


@pytest.mark.parametrize("uniform", [0.0, 1 - 2**-53])
def test_the_ends_of_the_unit_interval(uniform: float) -> None:
    logits = torch.tensor([[-torch.inf, 1.0, 1.0, -torch.inf]])
    assert choose(logits, [Sampling(1.0, 1.0)], [lambda: uniform])[0] in {1, 2}


def test_repetition_is_penalised_as_transformers_does() -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    torch.manual_seed(1)
    logits = torch.randn(50)
    expected = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([[4, 7, 7, 30]]), logits[None].clone())[0]
    penalize(logits, {4, 7, 30}, 1.3)
    assert torch.equal(logits, expected)
