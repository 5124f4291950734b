"""Walking JSON of any size key by key and item by item, by functions on a JsonText. All raise BadInput.

What nobody asked for (contacts, stickers) is passed over by its brackets and quotation marks alone, in little memory,
whatever its size: whether it is right JSON inside is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

from bot.sources.formats.json_list import JsonText, missing
from bot.texts import Text

MAX_DEPTH = 100  # brackets inside brackets, in what is passed over

# Runs of what needs no look inside: anything but brackets, whole strings, and two levels of brackets around these. The
# numbers are bounded, since `re` keeps a note of every repetition.
_CHARACTERS = r"""(?:[^"\\]++|\\.){0,200}"""
_PLAIN = rf"""(?:[^"\[\]{{}}]++|"{_CHARACTERS}")"""
_LEAF = rf"(?:{_PLAIN}|\[{_PLAIN}{{0,200}}\]|\{{{_PLAIN}{{0,200}}\}})"
_RUN = re.compile(rf"(?:{_LEAF}|\[{_LEAF}{{0,200}}\]|\{{{_LEAF}{{0,200}}\}}){{1,200}}", re.DOTALL)
_WORD = re.compile(r"[-+.\w]++")  # a number, true, false, null
_IN_STRING = re.compile(_CHARACTERS, re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}

_T = TypeVar("_T")


def keys(text: JsonText) -> Iterator[str]:
    """Stops at every value of an object, naming its key. Read it to its end, or leave it: then it is passed over."""
    for _ in _between(text, "{", "}"):
        if text.peek() != '"':
            raise text.broken(missing('"', text.peek()))
        key = str(text.value())
        text.expect(":")
        yield from _stop(text, key)


def elements(text: JsonText) -> Iterator[None]:
    """Stops at every item of a list. Read it to its end, or leave it: then it is passed over."""
    for _ in _between(text, "[", "]"):
        yield from _stop(text, None)


def check_end(text: JsonText) -> None:
    """Nothing may follow."""
    if found := text.peek():
        raise text.broken(Text("there is {found} after its end", found=repr(found)))


def skip(text: JsonText) -> None:
    """Pass over the value that begins here."""
    found = text.peek()
    if found == '"':
        _skip_string(text)
    elif found in _CLOSING:
        text.at += 1
        _skip_inside(text, [_CLOSING[found]])
    elif not text.passed(_WORD):
        raise text.broken(Text("no value follows"))


def _skip_inside(text: JsonText, closing: list[str]) -> None:
    """To the end of all that `closing` closes."""
    while closing:
        while match := _RUN.match(text.text, text.at):
            text.at = match.end()
        found = text.text[text.at : text.at + 1]
        if found == '"':
            _skip_string(text)
        elif found == closing[-1]:
            text.at += 1
            closing.pop()
        elif found in _CLOSING:
            text.at += 1
            closing.append(_CLOSING[found])
        elif found or not text.fetch():
            raise text.broken(missing(closing[-1], found))
        if len(closing) > MAX_DEPTH:
            raise text.broken(Text("it is nested too deeply"))


def _skip_string(text: JsonText) -> None:
    text.at += 1
    text.passed(_IN_STRING)
    while text.text[text.at : text.at + 1] != '"':  # at the end, or before a backslash that is the last character
        if not text.fetch():
            raise text.broken(Text("a string has no end"))
        text.passed(_IN_STRING)
    text.at += 1


def _between(text: JsonText, opening: str, closing: str) -> Iterator[None]:
    text.expect(opening)
    closed = text.peek() == closing
    if closed:
        text.at += 1
    while not closed:
        yield
        closed = text.expect("," + closing) == closing


def _stop(text: JsonText, what: _T) -> Iterator[_T]:
    text.peek()
    place = text.place
    yield what
    if text.place == place:
        skip(text)
