from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.protocol import Hyperparameters
from trainer.recipe import ROW_TOKENS, SMALL_BASE, choose_recipe


def test_wishes_are_granted() -> None:
    wished = Hyperparameters(method="full", epochs=7, learning_rate=0.5, lora_rank=3, seed=9)
    recipe = choose_recipe(wished, 10_000_000, 256, 30_000)
    assert (recipe.method, recipe.epochs, recipe.learning_rate) == ("full", 7, 0.5)
    assert (recipe.lora_rank, recipe.seed) == (3, 9)


def test_little_text_gets_more_epochs() -> None:
    epochs = [choose_recipe(Hyperparameters(), 10_000_000, 256, n).epochs for n in (1, 20_000, 25_000, 100_000)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1]


def test_much_text_is_looked_at_within_an_epoch() -> None:
    numbers = [choose_recipe(Hyperparameters(), 10_000_000, 256, n).evaluations for n in (1_000, 100_000, 1_400_000)]
    assert numbers == [1, 1, 7]


def test_a_small_base_gets_a_higher_rate_and_rank() -> None:
    small = choose_recipe(Hyperparameters(), SMALL_BASE - 1, 256, 30_000)
    large = choose_recipe(Hyperparameters(), SMALL_BASE, 1024, 30_000)
    assert small.learning_rate > large.learning_rate
    assert small.lora_rank > large.lora_rank


def test_all_weights_get_a_lower_rate_than_an_adapter() -> None:
    adapter = choose_recipe(Hyperparameters(), 10_000_000, 256, 30_000)
    whole = choose_recipe(Hyperparameters(method="full"), 10_000_000, 256, 30_000)
    assert whole.learning_rate < adapter.learning_rate


@pytest.mark.parametrize(("context", "row_tokens"), [(64, 64), (256, ROW_TOKENS), (131_072, ROW_TOKENS)])
def test_rows_fit_the_context(context: int, row_tokens: int) -> None:
    assert choose_recipe(Hyperparameters(), 1, context, 1_000).row_tokens == row_tokens


@given(st.integers(0, 10**7), st.integers(1, 10**10), st.integers(8, 10**6))
def test_any_run_has_steps(n_tokens: int, parameters: int, context: int) -> None:
    recipe = choose_recipe(Hyperparameters(), parameters, context, n_tokens)
    assert recipe.steps_per_epoch(n_tokens) >= 1
    assert recipe.steps_per_epoch(n_tokens) * recipe.batch_tokens >= n_tokens
