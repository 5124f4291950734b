from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.text import cut_back, finish, one_line

MESSY = st.lists(
    st.sampled_from(["\n", "\r", "\u2028", "\x0c", "\ufffd", "\u202e", "\x00", ". ", "tea", "https://t.co/x"])
    | st.text(max_size=5)
).map("".join)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (" one line", " one line"),
        (" one\ntwo", " one"),
        (" one\r\ntwo", " one"),
        (" one\rtwo", " one"),
        (" one\u2028two", " one"),
        (" one\u0085two", " one"),
        (" one\x0ctwo", " one"),
        ("\none", ""),
        (" bro\ufffdken\ufffd", " broken"),
        (" re\u202eversed\x07", " reversed"),
        (" 👩‍🚒 ❤️", " 👩‍🚒 ❤️"),
        ("", ""),
        ("\n", ""),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (" to count ships. And then to", " to count ships."),
        (" to count ships! Are there any? I don't", " to count ships! Are there any?"),
        (' to say "ships." And then', ' to say "ships."'),
        (" to count ships… and then", " to count ships…"),
        (" to count ships and dri", " to count ships and…"),
        (" to count version 2.5 of the shi", " to count version 2.5 of the…"),
        (" to count ships.", " to count ships."),
        (" ships", " ships…"),
        ("ships", "ships…"),
        (" see https://t.co/abc", " see…"),
        (" I count ships. See https://t.co/a.b", " I count ships."),
        (" see the ships www.ship", " see the…"),
        (" http://t.co/a", "…"),
    ],
)
def test_a_text_cut_anywhere_gets_a_clean_end(text: str, cut: str) -> None:
    assert cut_back(text) == cut


def test_a_text_that_ended_by_itself_stays_whole() -> None:
    assert (
        finish("My dream is", " to count ships. And then to", ended=True) == "My dream is to count ships. And then to"
    )
    assert finish("My dream is", " to count ships. And then to", ended=False) == "My dream is to count ships."


def test_a_text_that_went_on_in_a_new_line_ended_with_the_first() -> None:
    assert finish("My dream is", " to count ships\nAnd th", ended=False) == "My dream is to count ships"


def test_nothing_was_added() -> None:
    assert finish("My dream is", "", ended=True) == "My dream is"
    assert finish("My dream is", "\n", ended=True) == "My dream is"


@given(MESSY, st.booleans())
def test_a_continuation_is_always_fit_to_show(continuation: str, ended: bool) -> None:
    text = finish("My dream is", continuation, ended)
    assert text.startswith("My dream is")
    assert len(text.splitlines()) == 1
    assert not set(text) & set("\ufffd\u202e\x00")
    text.encode()
