"""How long something that the bot was told of has waited for a sign of it."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(eq=False, kw_only=True)
class Told:
    told: bool = False  # whether there was an update for the bot
    handed_at: float | None = None  # when the update was given to the bot; the last time before it reacted
    reacted_at: float | None = None  # when it first did anything in that chat, or for that query

    @property
    def first_reaction(self) -> float | None:
        """Seconds between the two."""
        return None if self.handed_at is None or self.reacted_at is None else self.reacted_at - self.handed_at

    def hand_over(self) -> None:
        if self.reacted_at is None:
            self.handed_at = time.monotonic()

    def react(self) -> None:
        if self.handed_at is not None and self.reacted_at is None:
            self.reacted_at = time.monotonic()
