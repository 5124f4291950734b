from __future__ import annotations

import pytest

from bot.pictures.words import is_leftwards, language_of, one_line, shortened, words


def test_a_text_becomes_one_line_without_what_hides_or_reorders() -> None:
    assert one_line(" My\n\n dream\t\u202eis\u2066 \x00soup\ue000 ") == "My dream is soup"


def test_letters_in_fancy_dress_become_plain_and_others_stay() -> None:
    assert one_line("𝓛𝓲𝔃𝓪 ＦＵＬＬ ⓛ ①") == "Liza ＦＵＬＬ ⓛ ①"


def test_piles_of_marks_go_and_those_of_languages_stay() -> None:
    assert one_line("z\u0335\u0321\u0322\u031bx") == "z\u0335x"
    for text in ("Việt ñ é", "นี้ ผู้ น้ำ", "בְּרֵאשִׁית", "مُحَمَّد", "क्षि ज़्यादा", "1️⃣ ❤️", "( ͡° ͜ʖ ͡°)"):
        assert one_line(text) == text


def test_drawn_out_letters_of_scripts_without_spaces_may_be_broken() -> None:
    assert one_line("ก" * 12) == "ก\u200b" * 12
    assert one_line("ฮ่า" * 12) == "ฮ่า\u200b" * 12
    assert one_line("ه" * 40 + "っ" * 11) == "ه" * 40 + "っ" * 11


def test_a_long_text_ends_in_an_ellipsis() -> None:
    assert shortened("My dream is", 11) == "My dream is"
    assert shortened("My dream is soup", 10) == "My dream…"


@pytest.mark.parametrize(
    ("text", "known", "language"),
    [
        ("海のそば", "", "ja"),
        ("바닷가 海", "ja", "ko"),
        ("海边", "", "zh"),
        ("海辺", "ja", "ja"),
        ("海", "de", "zh"),
        ("soup", "ja", "en"),
        ("حلمي", "", "en"),
    ],
)
def test_a_language_is_told_by_its_letters(text: str, known: str, language: str) -> None:
    assert language_of(text, known) == language


def test_a_text_runs_as_its_first_letter_does() -> None:
    assert is_leftwards("123 שלום and so on")
    assert is_leftwards("«حلمي»")
    assert not is_leftwards("so שלום")
    assert not is_leftwards("💜 123")


def test_words_know_how_they_are_set() -> None:
    assert words("שלום", 60).leftwards
    assert words("海" * 99, 60, "ja").language == "ja"
    assert len(words("海" * 99, 60).text) == 60
