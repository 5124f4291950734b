"""Letters and colours of a light client."""

from __future__ import annotations

from hashlib import sha256

from benchmarks.drawing.type import Type

TEXT, FAINT, LINK, MONO = "#10161b", "#87929b", "#2d7ecb", "#3a6d99"
PAPER, WALL, BUBBLE, OWN, BAR = "#ffffff", "#cfdcd3", "#ffffff", "#e2f7cd", "#3f96d0"
QUOTE, CODE, KEY, LINE = "#e9f3fa", "#eef1f4", "#6d8276", "#e3e8ea"
SIZE, SMALL, TINY = 13.5, 12.5, 11.0
PEOPLE = ("#d45246", "#f68136", "#6c61df", "#46ba43", "#5caffa", "#408acf", "#d95574")

TYPE = Type(TEXT, LINK, "#5b6670", inks={"mono": MONO})
WHITE = Type("#ffffff", "#ffffff", "#ffffff")
label, line, paragraph = TYPE.label, TYPE.line, TYPE.paragraph


def colour_of(name: str) -> str:
    """Everybody's own."""
    return PEOPLE[sha256(name.encode()).digest()[0] % len(PEOPLE)]
