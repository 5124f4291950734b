"""A long run's state on disk, so that a crash costs half a minute of it and not all, and a stop nothing."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

SECONDS = 30.0  # between checkpoints; a run with less than that left isn't saved any more
WORTH = 20.0  # times as long as saving takes goes by before the next
LOSS = 3.0  # seconds of work that a run which is stopped doesn't save
HASTE = 4.0  # seconds that saving may take then: whoever stops it doesn't wait much longer
logger = logging.getLogger(__name__)


@dataclass
class Checkpoint:
    """`key` says of which run it is: the file of another one is passed over."""

    path: Path
    key: str
    _last: float = field(default_factory=time.monotonic)
    _cost: float = 0.0

    def load(self) -> dict[str, Any] | None:
        """The state last saved, on the CPU, or None."""
        try:
            saved: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:  # there is none, or half of one, of which torch makes any error
            return None
        if saved["key"] != self.key:
            return None
        logger.info("going on from a checkpoint")
        return dict(saved["state"])

    def save_if_due(self, state: Callable[[], dict[str, Any]], seconds_left: float) -> None:
        """A disk that is too full for it ends the saving, not the run."""
        if seconds_left >= SECONDS and time.monotonic() - self._last >= max(SECONDS, WORTH * self._cost):
            self._save(state)

    def save_for_later(self, state: Callable[[], dict[str, Any]]) -> None:
        """The run is stopped: save it if that is worth it, and quick as far as known."""
        if time.monotonic() - self._last >= LOSS and self._cost <= HASTE:
            self._save(state)

    def _save(self, state: Callable[[], dict[str, Any]]) -> None:
        now = time.monotonic()
        part = self.path.with_suffix(".tmp")
        try:
            torch.save({"key": self.key, "state": state()}, part)
            os.replace(part, self.path)
        except (OSError, RuntimeError) as error:  # torch's writer has an error of its own
            logger.warning("no checkpoint could be saved: %s", error)
            part.unlink(missing_ok=True)
            self._last = math.inf
            return
        self._last = time.monotonic()
        self._cost = self._last - now
        logger.info("checkpoint saved in %.1f s", self._cost)
