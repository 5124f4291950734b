"""Prompt → samples: one prefill, then a decode loop over n rows with a KV cache. No I/O, any causal LM."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache, PreTrainedModel

from trainer.characters import Characters

# Nucleus sampling looks at this many candidates at most: a full sort of a 50k vocabulary is a real share of a step.
CANDIDATES = 1_024
SMALLEST_TEMPERATURE = 1e-6  # below it, as at 0, the likeliest token is taken: dividing by less overflows


@dataclass(frozen=True)
class Sampling:
    """`temperature` 0 takes the likeliest token; `top_p` as in https://arxiv.org/abs/1904.09751."""

    n: int = 1
    max_tokens: int = 60
    temperature: float = 0.9
    top_p: float = 0.95
    seed: int = 0


class Cancelled(Exception):
    """Whoever asked went away."""


@torch.inference_mode()
def sample(
    model: PreTrainedModel,
    prompt: Sequence[int],
    sampling: Sampling,
    stop: Collection[int],
    on_step: Callable[[list[int | None]], Collection[int] | None] = lambda ids: None,
    cancelled: Callable[[], bool] = lambda: False,
    banned: Collection[int] = (),
    characters: Characters | None = None,
) -> list[list[int]]:
    """New token ids per sample, up to and including the first one in `stop`; none begins with a `banned` one.

    With `characters` they are valid Unicode, but for a last character that `max_tokens` may cut.

    `on_step` gets each step's ids, None for a sample that has ended, and may return the numbers of those that shall
    end here. Each sample has a generator of its own, seeded by (seed, number), so that a text depends on neither n nor
    the other samples. Raises Cancelled.
    """
    cache = DynamicCache(config=model.config)
    ids = torch.tensor([list(prompt)], device=model.device)
    logits = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, -1].expand(sampling.n, -1)
    cache.batch_repeat_interleave(sampling.n)
    if banned:
        logits = logits.index_fill(-1, torch.tensor(sorted(banned), device=model.device), -torch.inf)
    seeds = [(sampling.seed * 1_000 + i) % 2**63 for i in range(sampling.n)]
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    samples: list[list[int]] = [[] for _ in range(sampling.n)]
    live = [True] * sampling.n
    states = [characters.state_after(prompt) if characters else 0] * sampling.n
    rows = list(range(sampling.n))  # of the batch: which sample is in each
    for step in range(sampling.max_tokens):
        if cancelled():
            raise Cancelled
        if characters:
            logits = characters.possible(logits, [states[i] for i in rows])
        chosen = dict(zip(rows, choose(logits.float().cpu(), sampling, [generators[i] for i in rows]), strict=True))
        ended = on_step([chosen[i] if live[i] else None for i in range(sampling.n)]) or ()
        for i, token in chosen.items():
            if characters:
                states[i] = characters.state_after([token], states[i])
            if live[i]:
                samples[i].append(token)
                live[i] = token not in stop and i not in ended
        if not any(live) or step + 1 == sampling.max_tokens:
            break
        if sum(live) <= len(rows) // 2:  # the others cost time
            kept = [row for row, i in enumerate(rows) if live[i]]
            cache.batch_select_indices(torch.tensor(kept, device=model.device))
            rows = [rows[row] for row in kept]
        ids = torch.tensor([chosen[i] for i in rows], device=model.device)[:, None]
        logits = model(input_ids=ids, past_key_values=cache, use_cache=True).logits[:, -1]
    return samples


def choose(logits: torch.Tensor, sampling: Sampling, generators: Sequence[torch.Generator]) -> list[int]:
    """One token id per row of (n, vocabulary) fp32 logits."""
    if sampling.temperature < SMALLEST_TEMPERATURE:
        return [int(i) for i in logits.argmax(dim=-1)]
    scaled = logits / sampling.temperature
    top, ids = scaled.topk(min(CANDIDATES, logits.shape[-1]), dim=-1)
    probabilities = (top - scaled.logsumexp(dim=-1, keepdim=True)).exp()
    before = probabilities.cumsum(dim=-1) - probabilities
    nucleus = probabilities.masked_fill(before >= sampling.top_p, 0.0)
    picks = [torch.multinomial(row, 1, generator=g) for row, g in zip(nucleus, generators, strict=True)]
    return [int(row[pick]) for row, pick in zip(ids, picks, strict=True)]
