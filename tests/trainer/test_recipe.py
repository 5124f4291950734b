from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.protocol import Hyperparameters
from trainer.recipe import ROW_TOKENS, SMALL_BASE, BaseSize, choose_recipe

SMALL = BaseSize(10_000_000, 2_600_000, 256)


def test_wishes_are_granted() -> None:
    wished = Hyperparameters(method="full", epochs=7, learning_rate=0.5, lora_rank=3, seed=9)
    recipe = choose_recipe(wished, SMALL, 30_000)
    assert (recipe.method, recipe.epochs, recipe.learning_rate) == ("full", 7, 0.5)
    assert (recipe.lora_rank, recipe.seed) == (3, 9)


def test_little_text_gets_more_epochs() -> None:
    epochs = [choose_recipe(Hyperparameters(), SMALL, n).epochs for n in (1, 5_000, 20_000, 100_000)]
    assert epochs == sorted(epochs, reverse=True)
    assert epochs[0] > epochs[-1]


def test_much_text_is_looked_at_within_an_epoch() -> None:
    numbers = [choose_recipe(Hyperparameters(), SMALL, n).evaluations for n in (1_000, 100_000, 1_400_000)]
    assert numbers == [2, 2, 7]


def test_a_small_base_gets_a_higher_rank_and_alpha_and_token_rows() -> None:
    small = choose_recipe(Hyperparameters(), BaseSize(SMALL_BASE - 1, 2_600_000, 256), 30_000)
    large = choose_recipe(Hyperparameters(), BaseSize(SMALL_BASE, 38_600_000, 1024), 30_000)
    assert small.lora_alpha / small.lora_rank > large.lora_alpha / large.lora_rank
    assert small.lora_rank > large.lora_rank
    assert (small.trains_embedding, large.trains_embedding) == (True, False)


def test_all_weights_of_a_large_base_get_a_lower_rate_than_an_adapter() -> None:
    large = BaseSize(SMALL_BASE, 38_600_000, 1024)
    adapter = choose_recipe(Hyperparameters(), large, 30_000)
    whole = choose_recipe(Hyperparameters(method="full"), large, 30_000)
    assert whole.learning_rate < adapter.learning_rate


@pytest.mark.parametrize(("context", "row_tokens"), [(64, 64), (256, ROW_TOKENS), (131_072, ROW_TOKENS)])
def test_rows_fit_the_context(context: int, row_tokens: int) -> None:
    assert choose_recipe(Hyperparameters(), BaseSize(1, 1, context), 1_000).row_tokens == row_tokens


@given(st.integers(0, 10**7), st.integers(1, 10**10), st.integers(8, 10**6))
def test_any_run_has_steps(n_tokens: int, parameters: int, context: int) -> None:
    recipe = choose_recipe(Hyperparameters(), BaseSize(parameters, parameters // 4, context), n_tokens)
    assert recipe.steps_per_epoch(n_tokens) >= 1
    assert recipe.steps_per_epoch(n_tokens) * recipe.batch_tokens >= n_tokens
