"""Which hyper-parameters a training run gets, from the base model's size and the amount of text. Pure, no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainer.protocol import Hyperparameters, Method

SMALL_BASE = 50_000_000  # parameters
SMALL_EMBEDDING = 4_000_000  # numbers; 8 MB in a persona's file
ROW_TOKENS = 128  # attention's share grows with it, and few posts are longer
CHARACTERS_PER_TOKEN = 3.6  # of short English posts under the bundled tokenizer; for estimates only
TOKENS_PER_EVALUATION = 200_000


@dataclass(frozen=True)
class BaseSize:
    """Numbers in the base model, of these in its token embedding; its context in tokens."""

    parameters: int
    embedding: int
    context: int


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
    lora_alpha: int = 32
    trains_embedding: bool = False  # the adapter has a token embedding of its own

    @property
    def lora_scale(self) -> float:
        """What the matrices' product is multiplied with."""
        return self.lora_alpha / self.lora_rank

    @property
    def batch_tokens(self) -> int:
        return self.rows * self.row_tokens

    def steps_per_epoch(self, n_tokens: int) -> int:
        return max(1, math.ceil(n_tokens / self.batch_tokens))


def choose_recipe(wished: Hyperparameters, base: BaseSize, n_tokens: int, refreshing: bool = False) -> Recipe:
    """Little text gets more epochs; a small base takes a higher rank and alpha; a small embedding is trained.

    A persona that goes on from a version before knows most of its posts already: half the epochs, half the rate.

    The figures are what measured best (docs/measurements.md).
    """
    small = base.parameters < SMALL_BASE
    rates = {"lora": 1e-3, "full": 1e-3 if small else 1e-4}
    return Recipe(
        method=wished.method,
        epochs=choose_epochs(wished, n_tokens, refreshing),
        learning_rate=wished.learning_rate or rates[wished.method] * (0.5 if refreshing else 1.0),
        lora_rank=wished.lora_rank or default_rank(base.parameters),
        lora_alpha=384 if small else 32,
        trains_embedding=base.embedding <= SMALL_EMBEDDING,
        row_tokens=min(ROW_TOKENS, base.context),
        rows=4,
        seed=wished.seed,
        evaluations=max(2, round(n_tokens / TOKENS_PER_EVALUATION)),
    )


def default_rank(parameters: int) -> int:
    """Of adapters on a base model of this size."""
    return 32 if parameters < SMALL_BASE else 16


def choose_epochs(wished: Hyperparameters, n_tokens: int, refreshing: bool = False) -> int:
    epochs = min(8, max(3, math.ceil(20_000 / max(1, n_tokens))))
    return wished.epochs or (math.ceil(epochs / 2) if refreshing else epochs)
