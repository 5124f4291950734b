"""Which hyper-parameters a training run gets, from the base model's size and the amount of text. Pure, no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer.protocol import Hyperparameters

SMALL_BASE = 50_000_000  # parameters
ROW_TOKENS = 256
CHARACTERS_PER_TOKEN = 3.6  # of short English posts under the bundled tokenizer; for estimates only


@dataclass(frozen=True)
class Recipe:
    """What a run does. Counts are tokens, not characters."""

    epochs: int
    learning_rate: float  # peak; short warm-up, then cosine to zero
    lora_rank: int
    row_tokens: int
    rows: int  # per step
    seed: int
    warm_up: float = 0.05  # share of the steps

    def steps(self, n_tokens: int) -> int:
        return self.epochs * max(1, math.ceil(n_tokens / (self.rows * self.row_tokens)))


def choose_recipe(wished: Hyperparameters, parameters: int, context: int, n_tokens: int) -> Recipe:
    """Little text gets more epochs and smaller steps; a small base takes a higher rate and a higher rank.

    The figures are what measured best on a sample account (docs/measurements.md).
    """
    small = parameters < SMALL_BASE
    return Recipe(
        epochs=wished.epochs or min(6, max(4, math.ceil(120_000 / max(1, n_tokens)))),
        learning_rate=wished.learning_rate or (1.5e-3 if small else 1e-3),
        lora_rank=wished.lora_rank or (32 if small else 16),
        row_tokens=min(ROW_TOKENS, context),
        rows=4 if n_tokens < 40_000 else 8,
        seed=wished.seed,
    )
