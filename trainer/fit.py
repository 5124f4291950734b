"""The training loop: packed rows, AdamW, cosine to zero, held-out loss on the way, best weights restored."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from trainer.cancelled import Cancelled
from trainer.checkpoint import Checkpoint
from trainer.evaluation import held_out_nats
from trainer.meter import Meter
from trainer.packing import Rows, pack
from trainer.protocol import Progress
from trainer.recipe import Recipe
from trainer.trainee import Trainee


class OutOfMemory(Exception):
    """Not even one row at a time fits."""

    def __init__(self) -> None:
        super().__init__(
            "There isn't enough memory to train on this base model, even with one row of posts at a time. "
            "Close other programs, or choose a smaller base model."
        )


class Diverged(Exception):
    """The loss is not a number any more. The message is for the operator."""


@dataclass(frozen=True)
class TokenCorpus:
    """Posts as token ids, without end-of-text tokens; `held_out_bytes` counts their UTF-8."""

    train: list[list[int]]
    held_out: list[list[int]]
    held_out_bytes: int = 0
    duplicates: int = 0

    @property
    def n_tokens(self) -> int:
        return sum(len(ids) + 1 for ids in self.train)

    @property
    def n_held_out(self) -> int:
        return sum(len(ids) + 1 for ids in self.held_out)

    def bits_per_byte(self, nats: float) -> float:
        """Of the held-out posts, from their total nats."""
        return nats / math.log(2) / max(1, self.held_out_bytes)


@dataclass(frozen=True)
class Point:
    """An evaluation: after how many epochs, mean training loss since the one before (nats per token), held-out nats."""

    epoch: float
    train_loss: float
    held_out_nats: float


@dataclass(frozen=True)
class Curve:
    """A run's evaluations; the weights of `points[best]` are the ones kept.

    At most `micro_rows` went through at once. `seconds` counts what was trained before a crash as well.
    """

    points: tuple[Point, ...]
    best: int
    micro_rows: int
    seconds: float


@dataclass(frozen=True)
class Hooks:
    """Whom a run tells how far it is, whom it asks whether to stop, and where it saves itself."""

    report: Callable[[Progress], None] = lambda progress: None
    cancelled: Callable[[], bool] = lambda: False
    checkpoint: Checkpoint | None = None


@dataclass
class Loop:
    """How far a run is. `due`: held-out posts are to be looked at before the next step."""

    trainee: Trainee
    optimizer: torch.optim.Optimizer
    micro_rows: int
    step: int = 0
    due: bool = False
    seconds: float = 0.0  # of processes before this one
    began: float = field(default_factory=time.monotonic)
    losses: list[float] = field(default_factory=list)  # since the last point
    points: list[Point] = field(default_factory=list)
    best: int = -1
    best_weights: list[torch.Tensor] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        return {
            "step": self.step,
            "due": self.due,
            "seconds": self.total_seconds,
            "losses": self.losses,
            "points": [asdict(point) for point in self.points],
            "best": self.best,
            "best_weights": self.best_weights,
            "weights": [p.detach() for p in self.trainee.parameters],
            "optimizer": self.optimizer.state_dict(),
        }

    @property
    def total_seconds(self) -> float:
        return self.seconds + time.monotonic() - self.began

    def restore(self, state: dict[str, Any]) -> None:
        self.step, self.losses, self.best = state["step"], state["losses"], state["best"]
        self.seconds, self.due = state["seconds"], state.get("due", False)  # before, none was saved while it was
        self.points = [Point(**point) for point in state["points"]]
        self.best_weights = [weight.to(self.trainee.model.device) for weight in state["best_weights"]]
        set_weights(self.trainee, state["weights"])
        self.optimizer.load_state_dict(state["optimizer"])


def fit(trainee: Trainee, corpus: TokenCorpus, end_id: int, recipe: Recipe, hooks: Hooks) -> Curve:
    """Train; afterwards the trainee has its best weights. Without held-out posts the last point counts as the best.

    Goes on from the hooks' checkpoint, if that is of the same run; saves one when it is cancelled in the middle. Raises
    Cancelled, OutOfMemory or Diverged.
    """
    loop = Loop(trainee, adamw(trainee.parameters, recipe), 2 * recipe.rows)  # a step may have a row more than planned
    if hooks.checkpoint and (state := hooks.checkpoint.load()):
        loop.restore(state)
    try:
        run(loop, corpus, end_id, recipe, hooks)
    except Cancelled:
        if hooks.checkpoint:
            hooks.checkpoint.save_for_later(loop.state)
        raise
    set_weights(trainee, loop.best_weights)
    return Curve(tuple(loop.points), loop.best, loop.micro_rows, loop.total_seconds)


def run(loop: Loop, corpus: TokenCorpus, end_id: int, recipe: Recipe, hooks: Hooks) -> None:
    """From where the loop is to the last step, or until it only gets worse. Raises as `fit` does."""
    per_epoch = recipe.steps_per_epoch(corpus.n_tokens)
    total = recipe.epochs * per_epoch
    meter = Meter(total, loop.step, hooks.report)
    ends = evaluation_steps(per_epoch, recipe.evaluations)

    def enough() -> bool:
        evaluate(loop, corpus, end_id, loop.step / per_epoch, hooks.cancelled)
        meter.held_out_loss = loop.points[-1].held_out_nats / max(1, corpus.n_held_out)
        return len(loop.points) - 1 - loop.best >= recipe.patience * len(ends)

    if loop.due and enough():  # it was cancelled in the middle of that
        return
    for batch in batches(corpus.train, end_id, recipe, per_epoch, loop.step):
        rate = recipe.learning_rate * rate_factor(loop.step, total, recipe.warm_up)
        loop.losses.append(step(loop, batch, rate, hooks.cancelled))
        loop.step += 1
        meter.tick(loop.losses[-1], batch.n_targets)
        loop.due = (loop.step - 1) % per_epoch in ends
        if loop.due and enough():
            return
        if hooks.checkpoint:
            hooks.checkpoint.save_if_due(loop.state, meter.seconds_left)


def adamw(parameters: list[torch.nn.Parameter], recipe: Recipe) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters, lr=recipe.learning_rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True
    )


def batches(
    posts: Sequence[Sequence[int]], end_id: int, recipe: Recipe, per_epoch: int, start: int = 0
) -> Iterator[Rows]:
    """A step's rows each, from step `start` to the end: every epoch all posts, packed anew, in equal steps."""
    for epoch in range(start // per_epoch, recipe.epochs):
        rows = pack(posts, end_id, recipe.row_tokens, random.Random(recipe.seed * 1_000 + epoch))
        first = max(0, start - epoch * per_epoch)
        for number in range(first, per_epoch):
            yield rows.part(len(rows) * number // per_epoch, len(rows) * (number + 1) // per_epoch)


def evaluation_steps(per_epoch: int, evaluations: int) -> set[int]:
    """Numbers, within an epoch, of the steps after which held-out posts are looked at; the last one is among them."""
    return {max(0, per_epoch * (i + 1) // evaluations - 1) for i in range(evaluations)}


def rate_factor(done: int, total: int, warm_up: float) -> float:
    """Linear warm-up over a share of the steps, then cosine to zero."""
    n_warm_up = max(1, int(total * warm_up))
    if done < n_warm_up:
        return (done + 1) / n_warm_up
    return 0.5 * (1 + math.cos(math.pi * (done - n_warm_up) / max(1, total - n_warm_up)))


def step(loop: Loop, rows: Rows, rate: float, cancelled: Callable[[], bool]) -> float:
    """One optimizer step; returns the mean loss in nats per token. Out of memory, it takes fewer rows at once."""
    while True:
        try:
            loss = accumulate(loop, rows, cancelled)
            break
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        loop.optimizer.zero_grad(set_to_none=True)
        if loop.micro_rows == 1:
            raise OutOfMemory
        loop.micro_rows //= 2
    torch.nn.utils.clip_grad_norm_(loop.trainee.parameters, 1.0)
    for group in loop.optimizer.param_groups:
        group["lr"] = rate
    loop.optimizer.step()
    loop.optimizer.zero_grad(set_to_none=True)
    return loss


def accumulate(loop: Loop, rows: Rows, cancelled: Callable[[], bool]) -> float:
    """Gradients of the mean loss, `micro_rows` rows at a time. Without dropout: held-out posts say when to stop."""
    loop.trainee.model.eval()
    n_targets = max(1, rows.n_targets)
    total = 0.0
    for start in range(0, len(rows), loop.micro_rows):
        if cancelled():
            raise Cancelled
        loss = loop.trainee.nats(rows.part(start, start + loop.micro_rows)) / n_targets
        loss.backward()
        total += loss.item()
    return total


def is_out_of_memory(error: BaseException) -> bool:
    """torch has no error of its own for the processor's memory."""
    known = (MemoryError, torch.OutOfMemoryError)
    return isinstance(error, known) or "can't allocate memory" in str(error)


def evaluate(loop: Loop, corpus: TokenCorpus, end_id: int, epoch: float, cancelled: Callable[[], bool]) -> None:
    """Add a point to the curve. Raises Diverged or Cancelled."""
    nats = held_out_nats(loop.trainee.model, corpus.held_out, end_id, loop.trainee.context, cancelled)
    loss = sum(loop.losses) / len(loop.losses)
    if not math.isfinite(loss + nats):
        rate = loop.optimizer.defaults["lr"]
        raise Diverged(f"The training diverged at the learning rate {rate}: set a lower training.learning_rate.")
    loop.losses.clear()
    loop.due = False
    loop.points.append(Point(round(epoch, 3), loss, nats))
    if nats <= min(point.held_out_nats for point in loop.points):
        loop.best = len(loop.points) - 1
        loop.best_weights = [p.detach().clone() for p in loop.trainee.parameters]


def set_weights(trainee: Trainee, weights: list[torch.Tensor]) -> None:
    with torch.no_grad():
        for parameter, value in zip(trainee.parameters, weights, strict=True):
            parameter.copy_(value)
