"""Strangers' texts, made fit to be drawn. Pure."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from trainer.corpus import strip_invisible

NAME = 60  # characters of an account's name

# Letters in fancy dress, 𝓵𝓲𝓴𝓮 𝓽𝓱𝓲𝓼: our fonts have only those that they stand for.
_DRESSED = re.compile("[\U0001d400-\U0001d7ff]")
_SPACE = re.compile(r"\s+")
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")  # letters by private agreement
# Drawn out, so that nobody can tell where its words end: กกกกกกกกกกกก, っっっっっっっっっっっっ.
_DRAWN_OUT = re.compile("([\u0e01-\u0e4e\u3041-\u30ff]{1,4}?)\\1{11,}")
_MAY_BREAK = "\u200b"
# Marks on one letter: those of Hebrew, Arabic and Thai, and those for any letter, which Zalgo piles across the picture.
_OWN_MARKS, _ANY_MARKS = 3, 1
_FOR_ANY = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SELECTORS = "\ufe0e\ufe0f"  # text or emoji, before the mark that makes a key: 1️⃣
_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9f]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Words:
    """A text for a template: `language` is what the shapes of Han and the places of line breaks hang on."""

    text: str
    language: str
    leftwards: bool


def words(text: str, limit: int, language: str = "") -> Words:
    """At most `limit` characters on one line. `language`: what a text in Han alone is in, if it is known."""
    fit = shortened(one_line(text), limit)
    return Words(fit, language_of(fit, language), is_leftwards(fit))


def one_line(text: str) -> str:
    """Without what hides, reorders, piles up or breaks lines, and with places to break it at."""
    plain = _DRESSED.sub(lambda found: unicodedata.normalize("NFKC", found[0]), strip_invisible(text))
    flat = without_piles(unicodedata.normalize("NFC", _PRIVATE.sub("", plain)))
    breakable = _DRAWN_OUT.sub(lambda found: found[0].replace(found[1], found[1] + _MAY_BREAK), flat)
    return _SPACE.sub(" ", breakable).strip()


def without_piles(text: str) -> str:
    """With as many marks on a letter as languages need. `text` is in Unicode's form C."""
    kept: list[str] = []
    marks = 0
    for character in text:
        if character in _SELECTORS:
            kept.append(character)
            continue
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= (_ANY_MARKS if _FOR_ANY.match(character) else _OWN_MARKS):
            kept.append(character)
    return "".join(kept)


def shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def language_of(text: str, known: str = "") -> str:
    """By script alone: "ja", "ko" or "zh" where that matters, else "en"."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    if _HAN.search(text):
        return known if known in {"ja", "ko"} else "zh"
    return "en"


def is_leftwards(text: str) -> bool:
    """As its first letter is (https://www.unicode.org/reports/tr9/#P2)."""
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind for kind in kinds if kind in {"L", "R", "AL"}), "L") != "L"
