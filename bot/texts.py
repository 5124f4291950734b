"""Sentences that people are told, and how they read in another language.

English is what the code says: the English template is the key. The other languages are gettext catalogues in
`locales/`, a file each, read when the first person needs one.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Self

LANGUAGES = ("en", "de", "es", "fr", "ja")

_FOLDER = Path(__file__).with_name("locales")


class Text(str):
    """English text that remembers the template it was made of, so that it can be said in another language."""

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        text = super().__new__(cls, template.format(**values))
        text.template, text.values = template, values
        return text


# What people on messengers are told instead of an OperatorError: those may name files of the operator's machine.
OUR_FAULT = Text("Something is wrong on my side; whoever runs me finds it in the log. Try again later.")


def language(locale: str) -> str:
    """`pt-BR` → `en`, `es-419` → `es`: the one of LANGUAGES to use for a person's locale."""
    short = locale.replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else "en"


def translate(text: str, locale: str) -> str:
    """A Text in the person's language, its values too where they are Texts; other strings as they are."""
    if not isinstance(text, Text):
        return text
    tongue = language(locale)
    template = catalogue(tongue).get(text.template, text.template)
    values = {
        name: translate(value, locale) if isinstance(value, str) else value for name, value in text.values.items()
    }
    return template.format(**values)


@cache
def catalogue(tongue: str) -> dict[str, str]:
    """English template → the language's; without what is not translated yet."""
    from babel.messages.pofile import read_po  # slow to import, and not needed for English

    path = _FOLDER / f"{tongue}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        entries = read_po(file)
    return {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string and not entry.fuzzy}
