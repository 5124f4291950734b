from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.policy import MAX_SAMPLES, check_prompt, check_samples


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("My dream is", "My dream is"),
        ("  My\tdream\n\nis ", "My dream is"),
        ("My \u202edream\x07 is\ufeff", "My dream is"),
        ("🧑‍🍳 cooks", "🧑‍🍳 cooks"),  # joiners belong to emoji
        ("日本", "日本"),
        ("?", "?"),
    ],
)
def test_prompts_become_one_clean_line(text: str, prompt: str) -> None:
    assert check_prompt(text, 100) == prompt


@pytest.mark.parametrize("text", ["", " \n\t ", "\u200b\u202e", "\x07\x1b", "\u200d", "\u2028"])
def test_there_has_to_be_something_to_finish(text: str) -> None:
    with pytest.raises(BadInput, match="beginning of a sentence"):
        check_prompt(text, 100)


def test_the_limit_is_on_the_clean_prompt() -> None:
    assert check_prompt("  " + "x" * 100 + "\n", 100) == "x" * 100
    with pytest.raises(BadInput, match=r"1,001 characters; I can take 1,000\."):
        check_prompt("x" * 1_001, 1_000)


@given(st.text())
def test_a_prompt_that_passed_is_its_own_clean_form(text: str) -> None:
    try:
        prompt = check_prompt(text, 50)
    except BadInput:
        return
    assert 0 < len(prompt) <= 50
    assert "\n" not in prompt
    assert check_prompt(prompt, 50) == prompt


def test_numbers_of_samples() -> None:
    assert [check_samples(n) for n in range(1, MAX_SAMPLES + 1)] == [1, 2, 3, 4, 5]
    for n in (0, 6, -3):
        with pytest.raises(BadInput, match=f"1 to 5 samples at once, not {n}"):
            check_samples(n)
