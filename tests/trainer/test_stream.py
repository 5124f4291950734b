from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.blocklist import blocklist
from trainer.protocol import BlocklistOptions
from trainer.quotes import Quotes
from trainer.speaker import Speaker
from trainer.stream import Guards, PieceStream
from trainer.text import one_line

from .helpers import POSTS


class Shown:
    """What a person sees."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def __call__(self, number: int, piece: str, again: bool) -> None:
        assert piece
        if again:
            self.pieces.clear()
        self.pieces.append(piece)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def say(stream: PieceStream, speaker: Speaker, text: str) -> None:
    for token in speaker.vocabulary.encode(text):
        stream.add(token)


@settings(max_examples=200)
@given(tokens=st.lists(st.integers(0, 320), max_size=60))
def test_pieces_are_whole_characters_of_one_line(speaker: Speaker, tokens: list[int]) -> None:
    """Random tokens: mostly broken UTF-8, with line ends and control characters."""
    shown = Shown()
    stream = PieceStream(speaker.vocabulary, 0, shown)
    for token in tokens:
        stream.add(token)
    for piece in shown.pieces:
        piece.encode()
        assert piece == one_line(piece) != ""
    assert shown.text == one_line(stream.text)
    assert speaker.vocabulary.tokenizer.decode(tokens, skip_special_tokens=True).startswith(stream.text)


def test_a_character_of_several_tokens_comes_in_one_piece(speaker: Speaker) -> None:
    shown = Shown()
    text = "né 中👩‍🚒!"
    assert len(speaker.vocabulary.encode(text)) > 8
    say(PieceStream(speaker.vocabulary, 0, shown), speaker, text)
    assert shown.text == text
    assert {"é", "中", "👩", "!"} <= set(shown.pieces)


def test_nothing_is_shown_after_a_line_end(speaker: Speaker) -> None:
    shown = Shown()
    say(PieceStream(speaker.vocabulary, 0, shown), speaker, "tea.\u2028more\ntea")
    assert shown.text == "tea."


def test_broken_bytes_in_a_word_do_not_hide_it(speaker: Speaker) -> None:
    shown = Shown()
    stream = PieceStream(speaker.vocabulary, 0, shown, Guards("", blocklist(BlocklistOptions())))
    say(stream, speaker, " tea sh")
    stream.add(speaker.vocabulary.tokenizer.get_vocab()["\u0143"])  # the lonely byte 0x80
    say(stream, speaker, "it and tea and more")
    assert stream.halted == "blocked"
    stream.rewind()
    assert shown.text == one_line(stream.text) == " tea"


def test_a_quote_is_found_at_its_last_word_and_taken_back(speaker: Speaker) -> None:
    shown = Shown()
    stream = PieceStream(speaker.vocabulary, 0, shown, Guards("the tide", None, Quotes.of(POSTS)))
    say(stream, speaker, " came in, looked around, and left. and")
    assert stream.halted == "quoted"
    assert shown.text.startswith(" came in, looked around,")
    assert "left" not in shown.text
    stream.restart()
    say(stream, speaker, " is a sort of tea.")
    stream.settle()
    assert not stream.halted
    assert shown.text == " is a sort of tea."


@pytest.mark.parametrize("word", ["left-handed", "left's", "left/right"])
def test_a_word_that_is_several_completes_a_quote(speaker: Speaker, word: str) -> None:
    stream = PieceStream(speaker.vocabulary, 0, Shown(), Guards("the tide", None, Quotes.of(POSTS)))
    say(stream, speaker, f" came in, looked around, and {word} it")
    assert stream.halted == "quoted"


@pytest.mark.parametrize(
    ("text", "forbidden"),
    [
        ("gerald has taken the good biscuit.", True),  # a whole short post
        ("gerald has taken the good cake.", False),
        ("we met Dick…", True),
        ("we met Dick Cheney.", False),
    ],
)
def test_what_a_finished_text_must_not_be(text: str, forbidden: bool) -> None:
    assert Guards("", blocklist(BlocklistOptions()), Quotes.of(POSTS)).forbid(text) is forbidden


def test_a_prompt_is_not_the_personas_quote(speaker: Speaker) -> None:
    prompt = "the tide came in looked around and left"
    stream = PieceStream(speaker.vocabulary, 0, Shown(), Guards(prompt, None, Quotes.of(POSTS)))
    say(stream, speaker, " again, as it does.")
    stream.settle()
    assert not stream.halted
