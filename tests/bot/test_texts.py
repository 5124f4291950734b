from __future__ import annotations

import string
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.commands import COMMANDS
from bot.texts import LANGUAGES, Text, language, translate

BOT = Path(__file__).parents[2] / "bot"
TRAINER = BOT.parent / "trainer"
CALLS = dict.fromkeys(("Text", "say", "small", "words", "CorpusError"))
OPTIONS = {
    ":prompt",
    ":persona",
    ":n",
    ":file",
    ":handle",
    ":handle2",
    ":handle3",
    ":sender",
    ":column",
    ":language",
    ":fresh",
}
OTHERS = [tongue for tongue in LANGUAGES if tongue != "en"]


def sentences() -> set[str]:
    """All that the code says to people on messengers."""
    found = {
        str(message) for folder in (BOT, TRAINER) for _, _, message, _, _ in extract_from_dir(folder, keywords=CALLS)
    }
    names = {f"/{name}" for name in ON_MESSENGERS} | OPTIONS
    return {one for one in found if one} | names | {COMMANDS[name].summary for name in ON_MESSENGERS - {"settings"}}


ON_MESSENGERS = (set(COMMANDS) | {"settings"}) - {"status", "cancel"}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


@pytest.mark.parametrize("tongue", OTHERS)
def test_a_catalogue_has_every_sentence_and_no_other(tongue: str) -> None:
    with (BOT / "locales" / f"{tongue}.po").open("rb") as file:
        entries = {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id}
    assert sentences() - {key for key, value in entries.items() if value} == set()
    assert set(entries) - sentences() == set()
    for english, other in entries.items():
        assert fields(other) == fields(english), english


def test_a_text_is_english_and_can_be_said_in_other_languages() -> None:
    text = Text("Job {job} (@{persona}) is cancelled.", job=3, persona="pip")
    assert text == "Job 3 (@pip) is cancelled."
    assert translate(text, "en-GB") == text
    german = translate(text, "de")
    assert german != text
    assert "3" in german
    assert "@pip" in german
    assert translate("not ours", "de") == "not ours"


def test_texts_in_texts_are_translated_too() -> None:
    assert translate(Text("@{persona} is ready", persona=Text("cleaning")), "xx") == "@cleaning is ready"
    inner = translate(Text("{a}", a=Text("Cancel")), "de")
    assert inner == translate(Text("Cancel"), "de") != "Cancel"


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("de", "de"), ("es-419", "es"), ("es-ES", "es"), ("ja", "ja"), ("pt-BR", "en"), ("fr_CA", "fr"), ("", "en")],
)
def test_languages(locale: str, expected: str) -> None:
    assert language(locale) == expected
