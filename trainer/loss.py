"""Cross-entropy of next tokens, a chunk of positions at a time.

All logits at once (positions × vocabulary, in fp32, several copies) are the largest tensors of a small model's step and
don't fit a processor's cache. Here each chunk's gradient is taken as soon as its loss is known, and its logits dropped.
Positions whose target is IGNORED cost nothing; nor does the gradient of an embedding that is not trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

IGNORED = -100
SHAPE = 64  # positions; for each shape of a product that it meets, oneDNN keeps code and memory
CHUNK = {"cpu": 512, "cuda": 8192}  # positions; 512 × 8,192 bf16 logits are 8 MB

Kernel = Callable[[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]


def loss_and_gradient(logits: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(sum of the losses, its gradient by the logits in their precision), of (n, vocabulary) logits."""
    precise = logits.float()
    counted = (targets != IGNORED)[:, None]
    wanted = torch.arange(logits.shape[1], device=logits.device) == targets[:, None]
    log_total = precise.logsumexp(dim=-1, keepdim=True)
    loss = torch.where(counted, log_total - torch.where(wanted, precise, 0.0).sum(dim=-1, keepdim=True), 0.0).sum()
    return loss, torch.where(counted, (precise - log_total).exp() - wanted.float(), 0.0).to(logits.dtype)


def summed_loss(
    hidden: torch.Tensor,
    head: torch.Tensor,
    targets: torch.Tensor,
    dtype: torch.dtype,
    kernel: Kernel = loss_and_gradient,
) -> torch.Tensor:
    """Sum in nats (fp32) over the targets (…) that are not IGNORED; products in `dtype`.

    `hidden` are states (…, width), `head` the output embedding (vocabulary, width).
    """
    targets = targets.flatten()
    places = (targets == IGNORED).to(torch.uint8).argsort(stable=True)  # those that count, then the others
    n_counted = int((targets != IGNORED).sum())
    places = places[: math.ceil(n_counted / SHAPE) * SHAPE]
    hidden = hidden.flatten(0, -2).index_select(0, places).to(dtype)
    nats: torch.Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        hidden, head, targets[places], kernel
    )
    return nats


class _ChunkedCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, targets: torch.Tensor, kernel: Kernel
    ) -> torch.Tensor:
        weight = head.to(hidden.dtype)
        d_hidden = torch.empty_like(hidden)
        d_head = torch.zeros_like(head, dtype=torch.float32) if ctx.needs_input_grad[1] else None
        total = torch.zeros((), device=hidden.device)
        chunk = CHUNK.get(hidden.device.type, 512)
        for x, y, d_x in zip(hidden.split(chunk), targets.split(chunk), d_hidden.split(chunk), strict=True):
            loss, d_logits = kernel(x @ weight.T, y)
            total += loss
            d_x.copy_(d_logits @ weight)
            if d_head is not None:
                d_head += d_logits.T @ x
        ctx.save_for_backward(d_hidden, d_head)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        d_hidden, d_head = ctx.saved_tensors
        scale = gradients[0]
        d_head = None if d_head is None else d_head * scale
        return d_hidden * scale.to(d_hidden.dtype), d_head, None, None
