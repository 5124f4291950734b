"""Mean cross-entropy of next tokens over whole rows: to train by, compiled where it pays, and to be measured by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.loss import Kernel, loss_and_gradient, summed_loss

LossOf = Callable[[torch.Tensor], torch.Tensor]


def training_loss(model: PreTrainedModel, compiling: bool) -> LossOf:
    """Mean nats per token of (rows, context + 1) ids, in bf16, by the model as it is at each call."""
    trunk: Any = model.base_model
    body = torch.compile(trunk) if compiling else trunk
    kernel: Kernel = torch.compile(loss_and_gradient, dynamic=False) if compiling else loss_and_gradient

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(rows.device.type, dtype=torch.bfloat16):
            hidden = body(input_ids=rows[:, :-1], use_cache=False).last_hidden_state
        head = model.get_output_embeddings().weight
        targets = rows[:, 1:]
        return summed_loss(hidden, head, targets, torch.bfloat16, kernel=kernel) / targets.numel()

    return loss_of


@torch.no_grad()
def evaluation_nats(model: PreTrainedModel, rows: torch.Tensor) -> torch.Tensor:
    """(rows, context) fp32 nats of each next token of (rows, context + 1) ids."""
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    nats = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return nats.view(len(rows), -1)
