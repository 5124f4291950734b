"""Buttons below a message, in rows that are as wide as it. Pure."""

from __future__ import annotations

from benchmarks.drawing.shapes import Drawn, at, box
from benchmarks.drawing.wrap import measure, shortened
from benchmarks.telegram_look.entities import shown
from benchmarks.telegram_look.seen import Rows
from benchmarks.telegram_look.type import KEY, SMALL, WHITE
from tests.doubles.telegram import Button

HEIGHT, GAP, INSET = 34.0, 3.0, 10.0


def buttons_width(rows: Rows) -> float:
    """How wide they would like to be."""
    widest = [len(row) * (max(_width(button) for button in row) + GAP) - GAP for row in rows]
    return max(widest, default=0)


def _width(button: Button) -> float:
    return measure(shown(button.text), SMALL, bold=True) + 2 * INSET


def keyboard(rows: Rows, width: float) -> Drawn:
    svg = ""
    for number, row in enumerate(rows):
        each = (width - GAP * (len(row) - 1)) / len(row)
        for place, button in enumerate(row):
            svg += at(place * (each + GAP), number * (HEIGHT + GAP), _button(button, each))
    return Drawn(svg, width, len(rows) * (HEIGHT + GAP) - GAP)


def _button(button: Button, width: float) -> Drawn:
    """In its corner: that it leads elsewhere."""
    words = WHITE.label(shortened(shown(button.text), SMALL, width - INSET, bold=True), SMALL, bold=True)
    svg = box(width, HEIGHT, KEY, 8) + at((width - words.width) / 2, (HEIGHT - words.height) / 2, words)
    if button.data is None:
        svg += f'<path d="M{width - 11:.1f} 6h5v5m0-5-6 6" fill="none" stroke="#fff" stroke-width="1.3"/>'
    return Drawn(svg, width, HEIGHT)
