"""Which hyper-parameters a training run gets, from the base model's size and the amount of text. Pure, no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer.protocol import Hyperparameters, Method

SMALL_BASE = 50_000_000  # parameters
ROW_TOKENS = 128  # attention's share grows with it, and few posts are longer
CHARACTERS_PER_TOKEN = 3.6  # of short English posts under the bundled tokenizer; for estimates only
TOKENS_PER_EVALUATION = 200_000


@dataclass(frozen=True)
class Recipe:
    """What a run does. Counts are tokens, not characters."""

    method: Method
    epochs: int
    learning_rate: float  # peak; short warm-up, then cosine to zero
    lora_rank: int
    row_tokens: int
    rows: int  # per step
    seed: int
    warm_up: float = 0.05  # share of the steps
    weight_decay: float = 0.0
    evaluations: int = 1  # per epoch
    patience: int = 2  # epochs without a better held-out loss

    @property
    def batch_tokens(self) -> int:
        return self.rows * self.row_tokens

    def steps_per_epoch(self, n_tokens: int) -> int:
        return max(1, math.ceil(n_tokens / self.batch_tokens))


def choose_recipe(
    wished: Hyperparameters, parameters: int, context: int, n_tokens: int, refreshing: bool = False
) -> Recipe:
    """Little text gets more epochs and smaller steps; a small base takes a higher rate and a higher rank.

    A persona that goes on from a version before knows most of its posts already: half the epochs, half the rate.

    The figures are what measured best (docs/measurements.md).
    """
    small = parameters < SMALL_BASE
    epochs = min(6, max(4, math.ceil(120_000 / max(1, n_tokens))))
    rates = {"lora": 1.5e-3 if small else 1e-3, "full": 7e-4 if small else 1e-4}
    return Recipe(
        method=wished.method,
        epochs=wished.epochs or (math.ceil(epochs / 2) if refreshing else epochs),
        learning_rate=wished.learning_rate or rates[wished.method] * (0.5 if refreshing else 1.0),
        lora_rank=wished.lora_rank or (32 if small else 16),
        row_tokens=min(ROW_TOKENS, context),
        rows=8 if n_tokens < 40_000 else 16,
        seed=wished.seed,
        evaluations=max(1, round(n_tokens / TOKENS_PER_EVALUATION)),
    )
