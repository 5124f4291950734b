"""A message's text as a drawing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from benchmarks.drawing.runs import Block, Run
from benchmarks.drawing.shapes import Drawn, at, box, stack
from benchmarks.drawing.wrap import Piece, measure, wrap
from benchmarks.telegram_look.entities import blocks
from benchmarks.telegram_look.type import BAR, CODE, QUOTE, SIZE, SMALL, line
from tests.doubles.telegram.texts import Text

INSET, EDGE = 10.0, 4.0  # of quotes and code


def content(text: Text, limit: float, wide: float = 0) -> tuple[Drawn, float]:
    """And how far its last line goes. `limit`: where lines break; `wide`: how wide quotes are."""
    parts, last = list[Drawn](), 0.0
    for kind, group in groupby(blocks(text), lambda block: block.kind):
        inset = 0 if kind == "text" else 2 * INSET
        rows = _rows(list(group), SMALL if kind == "quote" else SIZE, limit - inset)
        parts.append(stack(rows) if kind == "text" else _boxed(stack(rows), kind, wide))
        last = rows[-1].width + inset
    return stack(parts), last


def _rows(found: Sequence[Block], size: float, limit: float) -> list[Drawn]:
    wrapped = (pieces for block in found for pieces in wrap(block.runs or (Run(" "),), size, limit))
    return [line(_trimmed(pieces, size), size) for pieces in wrapped]


def _trimmed(pieces: list[Piece], size: float) -> list[Piece]:
    """Without the spaces at which the line was broken."""
    run = replace(pieces[-1].run, text=pieces[-1].run.text.rstrip()) if pieces else Run("")
    return [*pieces[:-1], Piece(run, measure(run.text, size, run.bold, run.fixed))]


def _boxed(inner: Drawn, kind: str, wide: float) -> Drawn:
    width, height = max(wide, inner.width + 2 * INSET), inner.height + 2 * EDGE
    svg = box(width, height, CODE if kind == "code" else QUOTE, 4) + box(3, height, BAR, 1.5) + at(INSET, EDGE, inner)
    return Drawn(svg, width, height)
