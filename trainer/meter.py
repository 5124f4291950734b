"""How far a run is, told at a bearable pace. No torch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from trainer.protocol import Progress

PROGRESS_SECONDS = 0.25
SMOOTHING = 0.9  # of the loss that people see


class Meter:
    """Counts steps up to `total`; seconds left and tokens per second are at the pace of the steps counted here."""

    def __init__(self, total: int, done: int, report: Callable[[Progress], None]) -> None:
        self.done = done
        self.total = total
        self.held_out_loss: float | None = None
        self.seconds_left = math.inf
        self._report = report
        self._first = done
        self._began = time.monotonic()
        self._reported = -math.inf
        self._loss: float | None = None
        self._tokens = 0

    def tick(self, loss: float, n_tokens: int) -> None:
        """A step was done; `loss` is its mean in nats per token."""
        self.done += 1
        self._tokens += n_tokens
        self._loss = loss if self._loss is None else SMOOTHING * self._loss + (1 - SMOOTHING) * loss
        now = time.monotonic()
        seconds = max(now - self._began, 1e-6)
        self.seconds_left = seconds / (self.done - self._first) * (self.total - self.done)
        if now - self._reported < PROGRESS_SECONDS and self.done < self.total:
            return
        self._reported = now
        self._report(
            Progress(
                stage="train",
                done=self.done,
                total=self.total,
                loss=round(self._loss, 4),
                held_out_loss=None if self.held_out_loss is None else round(self.held_out_loss, 4),
                tokens_per_second=round(self._tokens / seconds, 1),
                seconds_left=self.seconds_left,
            )
        )
