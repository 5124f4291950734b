from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from telegram import MessageEntity

from bot.platforms.telegram.look import Look
from bot.platforms.telegram.look_inline import variant
from bot.platforms.telegram.message import Place, Sent, place_at, sent_at
from bot.platforms.telegram.rich import Rich, bold, first_part, italic, last_part, lines, original, parts, plain, units

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(TEXTS, TEXTS, TEXTS)
def test_marks_stay_on_their_words(before: str, marked: str, after: str) -> None:
    rich = Rich(before) + bold(marked) + after
    raw = rich.text.encode("utf-16-le")
    assert rich.text == before + marked + after
    for entity in rich.entities:
        assert raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le") == marked


@given(st.lists(st.one_of(TEXTS.map(bold), TEXTS.map(italic), TEXTS), max_size=6), st.integers(2, 60))
def test_a_first_part_fits_and_its_marks_lie_in_it(parts: list[Rich | str], limit: int) -> None:
    rich = first_part(lines(parts), limit)
    assert units(rich.text) <= limit
    for entity in rich.entities:
        assert entity.length > 0
        assert entity.offset + entity.length <= units(rich.text)


@given(st.lists(st.one_of(TEXTS.map(bold), TEXTS.map(italic), TEXTS), max_size=6), st.integers(2, 60))
def test_parts_fit_and_leave_nothing_out(given_parts: list[Rich | str], limit: int) -> None:
    rich = lines(given_parts)
    found = parts(rich, limit)
    assert "".join("".join(part.text.split()) for part in found) == "".join(rich.text.split())
    for part in found:
        assert units(part.text) <= limit
        for entity in part.entities:
            assert entity.length > 0
            assert entity.offset + entity.length <= units(part.text)


@given(TEXTS, st.integers(2, 30))
def test_a_last_part_fits(text: str, limit: int) -> None:
    part = last_part(text, limit)
    assert units(part) <= limit
    assert part == text or part.startswith("…")


@given(TEXTS)
def test_plain_text_comes_back_as_it_was(text: str) -> None:
    assert original(plain(text)) == original(text)


def test_what_telegram_would_make_live_is_dead() -> None:
    shown = plain("@ben /forget https://a.example t.me/x me@mail.example 3.14 a / b")
    assert shown.replace("\u2060", "|") == ("@|ben /|forget https:/|/|a.|example t.|me/x me@|mail.|example 3.|14 a / b")


def test_places_and_messages_have_keys() -> None:
    for place in (Place(5), Place(-100), Place(-1001, 7)):
        assert place_at(place.key) == place
    assert sent_at(Sent(-1001, 5).key) == Sent(-1001, 5)


def test_an_inline_result_stays_within_its_limits() -> None:
    result = variant(Look(), "pip", "My dream is", "My dream is " + "🦜 soup " * 900)
    content = result.to_dict()["input_message_content"]
    assert units(content["message_text"]) <= 4096
    assert content["entities"][-1]["type"] == MessageEntity.ITALIC
