"""Strangers' text made fit for Markdown and HTML: it looks as they wrote it, and is never taken for either. Pure."""

from __future__ import annotations

import re
import unicodedata

from markupsafe import Markup

# Markup of CommonMark, GitHub's tables, strike-through and formulas, and HTML; an underscore but within a word.
_MARKUP = re.compile(r"[<>`*\[\]\\|~$#]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])")
# What is made a link of without markup: https://…, www.…, name@host. Renderers look for them in the decoded text, so
# that entities are of no use there.
_LINK = re.compile(r"(?=://)|(?<=www)(?=\.)|(?<=[\w.+-])(?=@)", re.IGNORECASE)
_BREAK = "\u200b"
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"  # letters without ink
_JOINERS = "\u200c\u200d"  # of Persian words and of emoji; at an end they join nothing


def escaped(text: object) -> Markup:
    """One line for a paragraph, a table's cell or a span of code, not for attributes; Markup comes back as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(_LINK.sub(_BREAK, _MARKUP.sub(_entity, plain(str(text)))))


def plain(text: str, most: int = 1_000) -> str:
    """One line without invisible characters; longer ones are cut."""
    line = " ".join("".join(filter(_is_shown, text)).split()).strip(f"{_JOINERS} ")
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _is_shown(character: str) -> bool:
    if character.isspace() or character in _JOINERS:
        return True
    return character not in _BLANK and unicodedata.category(character) not in _INVISIBLE


def _entity(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
