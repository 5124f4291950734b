"""The training loop: packed rows, AdamW, cosine to zero, held-out loss per epoch, best weights restored."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn import functional
from transformers import PreTrainedModel

from trainer.base import Base
from trainer.protocol import Progress
from trainer.recipe import Recipe
from trainer.sampling import Cancelled

PROGRESS_SECONDS = 0.25
PATIENCE = 2  # epochs without a better held-out loss
EVALUATION_ROWS = 16
IGNORED = -100  # cross_entropy's ignore_index


@dataclass(frozen=True)
class Curve:
    """Per epoch: mean training loss (nats per token) and total held-out nats. `best_epoch` counts from 1."""

    train_loss: tuple[float, ...]
    held_out_nats: tuple[float, ...]
    best_epoch: int


def fit(
    base: Base,
    train: list[list[int]],
    held_out: list[list[int]],
    recipe: Recipe,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
) -> Curve:
    """Train whatever requires a gradient in `base.model`; its best weights are in it afterwards.

    Without held-out posts the last epoch's are taken for the best. Raises Cancelled, or FloatingPointError.
    """
    model = base.model
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=0.0, fused=True)
    meter = Meter(recipe.steps(sum(len(ids) + 1 for ids in train)), report)
    losses: list[float] = []
    nats: list[float] = []
    best: list[torch.Tensor] = []
    best_epoch = 0
    for epoch in range(recipe.epochs):
        model.train()
        epoch_losses: list[float] = []
        for batch in epoch_batches(train, base.end_id, recipe, epoch):
            if cancelled():
                raise Cancelled
            rate = recipe.learning_rate * rate_factor(meter.done, meter.total, recipe.warm_up)
            epoch_losses.append(step(model, optimizer, batch.to(base.device), rate))
            meter.tick(epoch_losses[-1])
        losses.append(sum(epoch_losses) / len(epoch_losses))
        nats.append(held_out_nats(model, held_out, base.end_id, base.context))
        if not math.isfinite(losses[-1] + nats[-1]):
            raise FloatingPointError(f"the training diverged at the learning rate {recipe.learning_rate}: take a lower")
        if nats[-1] <= min(nats):
            best = [p.detach().clone() for p in parameters]
            best_epoch = len(nats)
        elif len(nats) - best_epoch >= PATIENCE:
            break
    with torch.no_grad():
        for parameter, value in zip(parameters, best, strict=True):
            parameter.copy_(value)
    return Curve(tuple(losses), tuple(nats), best_epoch)


class Meter:
    """Counts steps and reports at most every PROGRESS_SECONDS, with the seconds left at the pace so far."""

    def __init__(self, total: int, report: Callable[[Progress], None]) -> None:
        self.done = 0
        self.total = total
        self._report = report
        self._began = time.monotonic()
        self._reported = -math.inf
        self._loss: float | None = None

    def tick(self, loss: float) -> None:
        self.done += 1
        self._loss = loss if self._loss is None else 0.9 * self._loss + 0.1 * loss
        now = time.monotonic()
        if now - self._reported < PROGRESS_SECONDS and self.done < self.total:
            return
        self._reported = now
        left = (now - self._began) / self.done * (self.total - self.done)
        self._report(
            Progress(stage="train", done=self.done, total=self.total, loss=round(self._loss, 4), seconds_left=left)
        )


def rate_factor(done: int, total: int, warm_up: float) -> float:
    """Linear warm-up over a share of the steps, then cosine to zero."""
    n_warm_up = max(1, int(total * warm_up))
    if done < n_warm_up:
        return (done + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - n_warm_up) / max(1, total - n_warm_up)))


def epoch_batches(posts: Sequence[list[int]], end_id: int, recipe: Recipe, epoch: int) -> Iterator[torch.Tensor]:
    """(rows, row_tokens + 1) ids: posts in a new order, joined by end-of-text tokens, cut into full rows."""
    order = list(posts)
    random.Random(recipe.seed * 1_000 + epoch).shuffle(order)
    stream = [end_id]
    for ids in order:
        stream += [*ids, end_id]
    width = min(recipe.row_tokens, len(stream) - 1)
    starts = [*range(0, len(stream) - 1 - width, width), len(stream) - 1 - width]
    rows = torch.tensor([stream[start : start + width + 1] for start in starts])
    yield from rows.split(recipe.rows)


def step(model: PreTrainedModel, optimizer: torch.optim.Optimizer, rows: torch.Tensor, rate: float) -> float:
    """One optimizer step; returns the mean loss in nats per token."""
    with autocast(rows.device):
        logits = model(input_ids=rows[:, :-1], use_cache=False).logits
        loss = functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())
    loss.backward()
    torch.nn.utils.clip_grad_norm_((p for group in optimizer.param_groups for p in group["params"]), 1.0)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()


def autocast(device: torch.device) -> torch.autocast:
    """bf16 where the hardware has it: elsewhere on CPUs it is slower than fp32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda" or cpu_has_bf16())


def cpu_has_bf16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


@torch.inference_mode()
def held_out_nats(model: PreTrainedModel, posts: Sequence[list[int]], end_id: int, context: int) -> float:
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


def windows(ids: Sequence[int], context: int) -> list[Sequence[int]]:
    """Rows of at most `context` + 1 ids, in which every id but the first is predicted once."""
    return [ids[start : start + context + 1] for start in range(0, len(ids) - 1, context)]


def _padded(rows: Sequence[Sequence[int]], end_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(rows, longest) inputs and targets; causal attention makes a mask for right padding unnecessary."""
    longest = max(map(len, rows)) - 1
    inputs = torch.full((len(rows), longest), end_id)
    targets = torch.full((len(rows), longest), IGNORED)
    for i, row in enumerate(rows):
        inputs[i, : len(row) - 1] = torch.tensor(row[:-1])
        targets[i, : len(row) - 1] = torch.tensor(row[1:])
    return inputs, targets
