"""Where one writes, and what is above it: the results of an inline query, or what is being answered. Pure."""

from __future__ import annotations

from typing import Any

from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box, stack
from benchmarks.drawing.wrap import shortened, wrap
from benchmarks.telegram_look.bubble import quoted
from benchmarks.telegram_look.seen import Foot
from benchmarks.telegram_look.type import FAINT, LINE, LINK, PAPER, SIZE, SMALL, colour_of, label, line
from tests.doubles.telegram import Inline

Json = dict[str, Any]
TILE, ROWS = 42.0, 2  # lines of a description
CLIP = '<path d="m7 13 6-6a3.2 3.2 0 0 1 4.5 4.5L10 19a5 5 0 0 1-7-7l7-7" fill="none" stroke="#87929b" '
CLIP += 'stroke-width="1.7"/>'
SEND = '<path d="M0 0l18 8-18 8 3-8z" fill="#3f96d0"/>'


def foot(shown: Foot, width: float) -> Drawn:
    parts = [_results(shown.results, width)] if shown.results else []
    parts += [_answered(shown, width)] if shown.reply else []
    return stack([*parts, _field(shown, width)])


def _field(shown: Foot, width: float) -> Drawn:
    rows = wrap((Run(shown.words or shown.placeholder),), SIZE, width - 96)
    text = stack([line(row, SIZE, "" if shown.words else FAINT) for row in rows])
    height = text.height + 28
    svg = box(width, height, PAPER, 0) + box(width, 1, LINE, 0) + at(14, height / 2 - 12, Drawn(CLIP, 20, 24))
    svg += at(46, 14, text) + at(width - 34, height / 2 - 8, Drawn(SEND, 18, 16))
    if shown.words:
        cursor = Drawn(box(1.5, 16, LINK, 0), 1.5, 16)
        svg += at(47 + line(rows[-1], SIZE).width, height - 31, cursor)
    return Drawn(svg, width, height)


def _answered(shown: Foot, width: float) -> Drawn:
    assert shown.reply is not None
    inner = quoted(shown.reply, width - 60)
    cross = '<path d="m0 0 10 10M10 0 0 10" stroke="#87929b" stroke-width="1.5"/>'
    svg = box(width, inner.height + 12, PAPER, 0) + box(width, 1, LINE, 0) + at(14, 7, inner)
    return Drawn(svg + at(width - 28, inner.height / 2, Drawn(cross, 10, 10)), width, inner.height + 12)


def _results(query: Inline, width: float) -> Drawn:
    rows = [_leads(query.button, width)] if query.button else []
    return stack([*rows, *(_result(each, width) for each in query.results)])


def _leads(button: Json, width: float) -> Drawn:
    """The line above the list, which leads to the chat with the bot."""
    words = label(shortened(button["text"], SIZE, width - 24, bold=True), SIZE, LINK, bold=True)
    svg = box(width, 38, PAPER, 0) + box(width, 1, LINE, 0) + at((width - words.width) / 2, 10, words)
    return Drawn(svg, width, 38)


def _result(result: Json, width: float) -> Drawn:
    """Where it has no picture, a letter; one line of its title, and two of what it is."""
    left, title = 14 + TILE + 12, result["title"].replace("\u2060", "")
    wide = width - left - 14
    rows = [label(shortened(title, SIZE, wide, bold=True), SIZE, bold=True)]
    rows += [label(words, SMALL, FAINT) for words in _description(result.get("description") or "", wide)]
    inner = stack(rows)
    height = max(inner.height, TILE) + 16
    letter = label(title[0], 20, "#ffffff", bold=True)
    tile = box(TILE, TILE, colour_of(title), 8) + at((TILE - letter.width) / 2, 7, letter)
    svg = box(width, height, PAPER, 0) + box(wide + 14, 1, LINE, 0, f' x="{left}"') + at(14, 8, Drawn(tile, TILE, TILE))
    return Drawn(svg + at(left, (height - inner.height) / 2, inner), width, height)


def _description(text: str, width: float) -> list[str]:
    wrapped = [row for part in text.split("\n") for row in wrap((Run(part),), SMALL, width)]
    rows = ["".join(piece.run.text for piece in row).strip() for row in wrapped]
    if len(rows) > ROWS:
        rows = [*rows[: ROWS - 1], shortened(rows[ROWS - 1] + " …", SMALL, width)]
    return [row for row in rows if row]
