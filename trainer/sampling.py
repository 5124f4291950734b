"""Logits → tokens, each row with settings of its own, exactly and without sorting a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch

SMALLEST_TEMPERATURE = 1e-6  # below it, as at 0, the likeliest token is taken: dividing by less overflows
BLOCK = 128  # probabilities that are summed together
TRIES = 100  # then whatever came last is taken; each leaves only what is likelier
BELOW_ONE = 1 - 2**-24  # in fp32
AT_ONCE = 8  # rows whose probabilities stay in the processor's cache

Draw = Callable[[], float]  # uniform in [0, 1)


@dataclass(frozen=True)
class Sampling:
    """`temperature` 0 takes the likeliest token; `top_p` as in https://arxiv.org/abs/1904.09751; `top_k` 0: all.

    `repetition_penalty` divides the logits of tokens that were there (https://arxiv.org/abs/1909.05858); 1 is none.
    """

    temperature: float = 0.9
    top_p: float = 0.95
    top_k: int = 0
    repetition_penalty: float = 1.0

    @property
    def is_greedy(self) -> bool:
        return self.temperature < SMALLEST_TEMPERATURE or self.top_k == 1


def penalize(logits: torch.Tensor, seen: Collection[int], penalty: float) -> None:
    """(vocabulary,) logits, in place."""
    ids = torch.tensor(sorted(seen), device=logits.device)
    found = logits[ids]
    logits[ids] = torch.where(found > 0, found / penalty, found * penalty)


def choose(logits: torch.Tensor, samplings: Sequence[Sampling], draws: Sequence[Draw]) -> list[int]:
    """One token id per row of (n, vocabulary) fp32 logits. A row's depends on its own logits and draws only."""
    chosen = [0] * len(samplings)
    greedy = [row for row, sampling in enumerate(samplings) if sampling.is_greedy]
    others = [row for row, sampling in enumerate(samplings) if not sampling.is_greedy]
    if greedy:
        for row, token in zip(greedy, _of(logits, greedy).argmax(dim=-1).tolist(), strict=True):
            chosen[row] = token
    for start in range(0, len(others), AT_ONCE):
        rows = others[start : start + AT_ONCE]
        temperatures = torch.tensor([[1 / samplings[row].temperature] for row in rows], device=logits.device)
        probabilities = (_of(logits, rows) * temperatures).softmax(dim=-1)
        found = _reject(probabilities, [samplings[row] for row in rows], [draws[row] for row in rows])
        for row, token in zip(rows, found, strict=True):
            chosen[row] = token
    return chosen


def _of(x: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
    if list(rows) == list(range(rows[0], rows[-1] + 1)):
        return x[rows[0] : rows[-1] + 1]  # no copy
    return x[list(rows)]


def _reject(probabilities: torch.Tensor, samplings: Sequence[Sampling], draws: Sequence[Draw]) -> list[int]:
    """Rejection sampling of the nucleus (as FlashInfer's, https://flashinfer.ai/2025/03/10/sampling.html).

    Draw from everything; a token belongs to the nucleus if those that are likelier have less than `top_p` together,
    and fewer than `top_k` are. If it doesn't, neither does anything less likely: draw again from what is likelier.
    """
    chosen = [0] * len(samplings)
    rows, whole, left = list(range(len(samplings))), probabilities, probabilities
    for _ in range(TRIES):
        uniform = torch.tensor([[draws[row]()] for row in rows]).clamp_(max=BELOW_ONE).to(left)
        tokens = _draw(left, uniform)
        own = whole.gather(1, tokens)
        likelier = whole > own
        rest = whole * likelier
        accepted = _sums(rest).sum(dim=-1) < torch.tensor([_bound(samplings[row].top_p) for row in rows]).to(left)
        if any(samplings[row].top_k for row in rows):
            top_k = torch.tensor([samplings[row].top_k or whole.shape[1] for row in rows], device=left.device)
            accepted &= likelier.sum(dim=-1) < top_k
        flags = (accepted & (own[:, 0] > 0)).tolist()  # a sum that was rounded may lead past the last one
        for row, token in zip(rows, tokens[:, 0].tolist(), strict=True):
            chosen[row] = token
        again = [i for i, done in enumerate(flags) if not done]
        if not again:
            break
        rows, whole, left = [rows[i] for i in again], whole[again], rest[again]
    return chosen


def _bound(top_p: float) -> float:
    """1 takes every token, whatever the probabilities sum up to in fp32."""
    return top_p if top_p < 1 else 2.0


def _sums(weights: torch.Tensor) -> torch.Tensor:
    """(n, vocabulary) → (n, blocks), the last one shorter."""
    even = weights.shape[1] - weights.shape[1] % BLOCK
    sums = weights[:, :even].unflatten(1, (-1, BLOCK)).sum(dim=-1)
    return torch.cat((sums, weights[:, even:].sum(dim=-1, keepdim=True)), dim=-1)


def _draw(weights: torch.Tensor, uniform: torch.Tensor) -> torch.Tensor:
    """(n, vocabulary) weights, (n, 1) uniform numbers → (n, 1) indices: first the block, then inside of it."""
    last = weights.shape[1] - 1
    sums = _sums(weights)
    ends = sums.cumsum(dim=-1)
    target = uniform * ends[:, -1:]
    block = torch.searchsorted(ends, target, right=True).clamp_(max=ends.shape[1] - 1)
    before = ends.gather(1, block) - sums.gather(1, block)
    ids = block * BLOCK + torch.arange(BLOCK, device=weights.device)
    inside = weights.gather(1, ids.clamp(max=last)).masked_fill_(ids > last, 0.0).cumsum(dim=-1)
    place = torch.searchsorted(inside, (target - before).clamp_(min=0), right=True).clamp_(max=BLOCK - 1)
    return (block * BLOCK + place).clamp_(max=last)
