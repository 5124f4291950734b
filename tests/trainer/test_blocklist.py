from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from trainer.blocklist import Blocklist, blocklist
from trainer.protocol import BlocklistOptions
from trainer.words import HARMLESS


def made(options: BlocklistOptions) -> Blocklist:
    is_blocked = blocklist(options)
    assert is_blocked is not None
    return is_blocked


@pytest.mark.parametrize("text", ["what the fuck", "Oh SHIT.", "shiiiit happens", "you retard!", "shit-faced"])
def test_slurs_and_obscenities_are_blocked(text: str) -> None:
    assert made(BlocklistOptions())(text)


@pytest.mark.parametrize(
    "text",
    [
        "My dream is to pass the bill.",
        "a classic button in Scunthorpe",
        "Dick Cheney and Moby Dick",
        "Breast cancer awareness month, a Black woman, a gay man, a Jew and a Muslim",
        "the girl on the train sucks at sex education",
        "damn it, what the hell",
        "",
    ],
)
def test_ordinary_sentences_are_not(text: str) -> None:
    assert not made(BlocklistOptions())(text)


def test_words_can_be_allowed_and_added() -> None:
    is_blocked = made(BlocklistOptions(allow=("shit",), add=("biscuit", "Good Ship")))
    assert not is_blocked("oh shit")
    assert is_blocked("what the fuck")
    assert is_blocked("one BISCUIT, please")
    assert is_blocked("the good ship")
    assert not is_blocked("a good old ship with biscuits-free tea")


def test_every_word_that_is_allowed_by_default_is_on_the_list() -> None:
    everything = made(BlocklistOptions(allow=()))
    assert [word for word in HARMLESS if not everything(f"so {word} it is")] == []


def test_switched_off() -> None:
    assert blocklist(BlocklistOptions(enabled=False)) is None


@pytest.mark.parametrize("words", [("",), ("tea", "  ")])
def test_no_word_is_empty(words: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        BlocklistOptions(add=words)
    assert BlocklistOptions(add=(" tea ",)).add == ("tea",)


def test_only_the_end_is_looked_at() -> None:
    blocked = blocklist(BlocklistOptions(add=("seven little words that are not nice",)))
    assert blocked is not None
    assert blocked.blocks_end("oh, the seven little words that are not nice")
    assert blocked.blocks_end("oh, the seven little words that are not nice today")
    assert blocked.blocks_end("a shit lamp")
    assert not blocked.blocks_end("a shit lamp that was lit again by the keeper")


@pytest.mark.parametrize("text", ["shit", "oh SHIT.", "what the fúck", "s h i t", "how to make love, good ship"])
def test_what_is_blocked_is_blocked_at_its_end(text: str) -> None:
    """As it grows word by word, wherever the whole text is blocked at all."""
    blocked = made(BlocklistOptions(add=("good ship",)))
    words = text.split()
    ends = [blocked.blocks_end(" ".join(words[: i + 1])) for i in range(len(words))]
    assert any(ends) is blocked(text)


@given(st.lists(st.sampled_from(["good", "ship", "shit", "tea", "a", "ass", "the", "Dick", "Cheney", "hot", "🍪"])))
def test_the_ends_of_a_growing_text_are_as_good_as_the_whole(words: list[str]) -> None:
    blocked = made(BlocklistOptions(add=("good ship", "hot tea the")))
    ends = [blocked.blocks_end(" ".join(words[: i + 1])) for i in range(len(words))]
    if blocked(" ".join(words)):
        assert any(ends)
