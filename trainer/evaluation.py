"""What a model gives for posts that it has not learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.compute import autocast
from trainer.loss import IGNORED
from trainer.packing import windows

EVALUATION_ROWS = 16


@torch.inference_mode()
def held_out_nats(model: PreTrainedModel, posts: Sequence[Sequence[int]], end_id: int, context: int) -> float:
    """Total nats of the posts, each on its own, from end-of-text token to end-of-text token."""
    model.eval()
    total = 0.0
    rows = sorted((row for ids in posts for row in windows([end_id, *ids, end_id], context)), key=len)
    for start in range(0, len(rows), EVALUATION_ROWS):
        inputs, targets = _padded(rows[start : start + EVALUATION_ROWS], end_id)
        with autocast(model.device):
            logits = model(input_ids=inputs.to(model.device), use_cache=False).logits.float()
        total += functional.cross_entropy(
            logits.flatten(0, 1), targets.to(model.device).flatten(), ignore_index=IGNORED, reduction="sum"
        ).item()
    return total


def _padded(rows: Sequence[Sequence[int]], end_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows, longest) inputs and targets; causal attention makes a mask for right padding unnecessary."""
    longest = max(map(len, rows)) - 1
    inputs = torch.full((len(rows), longest), end_id)
    targets = torch.full((len(rows), longest), IGNORED)
    for i, row in enumerate(rows):
        inputs[i, : len(row) - 1] = torch.tensor(row[:-1])
        targets[i, : len(row) - 1] = torch.tensor(row[1:])
    return inputs, targets
