"""What a model gives for posts that it has not learnt from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.cancelled import Cancelled
from trainer.compute import autocast
from trainer.loss import IGNORED
from trainer.packing import windows

ROWS = 16
MOST_LOGITS = 2**26  # at once: 256 MB in fp32


@torch.inference_mode()
def held_out_nats(
    model: PreTrainedModel,
    posts: Sequence[Sequence[int]],
    end_id: int,
    context: int,
    cancelled: Callable[[], bool] = lambda: False,
) -> float:
    """Total nats of the posts, each on its own, from end-of-text token to end-of-text token. Raises Cancelled."""
    model.eval()
    total = 0.0
    rows = sorted((row for ids in posts for row in windows([end_id, *ids, end_id], context)), key=len)
    for batch in _batches(rows, int(model.config.vocab_size)):
        if cancelled():
            raise Cancelled
        inputs, targets = _padded(batch, end_id)
        with autocast(model.device):
            logits = model(input_ids=inputs.to(model.device), use_cache=False).logits.float()
        total += functional.cross_entropy(
            logits.flatten(0, 1), targets.to(model.device).flatten(), ignore_index=IGNORED, reduction="sum"
        ).item()
    return total


def _batches(rows: Sequence[Sequence[int]], vocabulary: int) -> Iterator[Sequence[Sequence[int]]]:
    """Rows by length, so many that their logits stay within MOST_LOGITS."""
    start = 0
    while start < len(rows):
        longest = len(rows[min(start + ROWS, len(rows)) - 1]) - 1
        n = max(1, min(ROWS, MOST_LOGITS // (longest * vocabulary)))
        yield rows[start : start + n]
        start += n


def _padded(rows: Sequence[Sequence[int]], end_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows, longest) inputs and targets; causal attention makes a mask for right padding unnecessary."""
    longest = max(map(len, rows)) - 1
    inputs = torch.full((len(rows), longest), end_id)
    targets = torch.full((len(rows), longest), IGNORED)
    for i, row in enumerate(rows):
        inputs[i, : len(row) - 1] = torch.tensor(row[:-1])
        targets[i, : len(row) - 1] = torch.tensor(row[1:])
    return inputs, targets
