"""The round picture beside what somebody says. Pure."""

from __future__ import annotations

from typing import Protocol

from benchmarks.drawing.shapes import Drawn, at, data_url


class Label(Protocol):
    def __call__(self, text: str, size: float, colour: str = "", bold: bool = False) -> Drawn: ...


def face(name: str, picture: bytes | None, colour: str, label: Label, size: float) -> Drawn:
    """A PNG, or a letter on a colour."""
    if picture is not None:
        data = data_url(picture)
        inner = f'<image width="40" height="40" href="{data}" xlink:href="{data}" clip-path="url(#round)"/>'
    else:
        letter = label(name[0].upper(), 19, "#ffffff", bold=True)
        inner = f'<circle cx="20" cy="20" r="20" fill="{colour}"/>' + at(20 - letter.width / 2, 6.5, letter)
    return Drawn(f'<g transform="scale({size / 40:g})">{inner}</g>', size, size)
