"""Mean cross-entropy of next tokens, a chunk of positions at a time.

All logits at once (positions × vocabulary, in fp32, several copies) are the largest tensors of a small model's step and
don't fit a processor's cache. Here each chunk's gradient is taken as soon as its loss is known, and its logits dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from transformers import PreTrainedModel

Kernel = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]
LossOf = Callable[[torch.Tensor], torch.Tensor]
CHUNK = {"cpu": 512, "cuda": 8192}  # positions; 512 × 8,192 bf16 logits are 8 MB


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, kernel: Kernel
    ) -> torch.Tensor:
        """hidden (n, width), head (vocabulary, width), targets (n,) → the mean in nats, fp32."""
        hidden, weight = hidden.to(torch.bfloat16), head.to(torch.bfloat16)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head, dtype=torch.float32)
        total = torch.zeros((), device=hidden.device)
        chunk = CHUNK.get(hidden.device.type, 512)
        for x, y, d_x in zip(hidden.split(chunk), targets.split(chunk), d_hidden.split(chunk), strict=True):
            loss, d_logits = kernel(x @ weight.T, y)
            total += loss
            d_x.copy_(d_logits @ weight)
            d_head += d_logits.T @ x
        ctx.save_for_backward(d_hidden, d_head)
        ctx.n = len(targets)
        return total / len(targets)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        d_hidden, d_head = ctx.saved_tensors
        scale = gradients[0] / ctx.n
        return d_hidden * scale.to(d_hidden.dtype), d_head * scale, None, None


def loss_and_gradient(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum of the losses, its gradient by the logits in bf16), of (n, vocabulary) logits."""
    logits = logits.float()
    wanted = torch.arange(logits.shape[1], device=logits.device) == targets[:, None]
    log_total = logits.logsumexp(dim=-1, keepdim=True)
    loss = (log_total - torch.where(wanted, logits, 0.0).sum(dim=-1, keepdim=True)).sum()
    return loss, ((logits - log_total).exp() - wanted.float()).to(torch.bfloat16)


def training_loss(model: PreTrainedModel, compiling: bool) -> LossOf:
    """Mean nats per token of (rows, context + 1) ids, in bf16, by the model as it is at each call."""
    trunk: Any = model.base_model
    body = torch.compile(trunk) if compiling else trunk
    kernel: Kernel = torch.compile(loss_and_gradient, dynamic=False) if compiling else loss_and_gradient

    def loss_of(rows: torch.Tensor) -> torch.Tensor:
        with torch.autocast(rows.device.type, dtype=torch.bfloat16):
            hidden = body(input_ids=rows[:, :-1], use_cache=False).last_hidden_state
        head = model.get_output_embeddings().weight
        positions = (hidden.flatten(0, 1), head, rows[:, 1:].flatten())
        loss: torch.Tensor = _ChunkedCrossEntropy.apply(*positions, kernel)  # type: ignore[no-untyped-call]
        return loss

    return loss_of


@torch.no_grad()
def evaluation_nats(model: PreTrainedModel, rows: torch.Tensor) -> torch.Tensor:
    """(rows, context) fp32 nats of each next token of (rows, context + 1) ids."""
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    nats = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten(), reduction="none")
    return nats.view(len(rows), -1)
