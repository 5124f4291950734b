"""A message's text as a drawing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from benchmarks.discord_look.markdown import blocks
from benchmarks.discord_look.names import Names
from benchmarks.discord_look.type import BRIGHT, FAINT, TEXT, label, line, paragraph
from benchmarks.drawing.runs import Block, Run
from benchmarks.drawing.shapes import Drawn, at, box, padded, stack
from benchmarks.drawing.wrap import CODE, Piece, measure

SIZE, SMALL, CODE_SIZE = 15.0, 12.5, 13.5
HEADINGS = {1: 22.0, 2: 19.0, 3: 16.5}


@dataclass(frozen=True)
class Place:
    """What components refer to; `pictures`: data URLs by a file's address."""

    names: Names
    pictures: Mapping[str, str] = field(default_factory=dict)


def content(text: str, place: Place, width: float) -> Drawn:
    """A message's text."""
    parts = []
    for kind, group in groupby(blocks(text, place.names), lambda block: block.kind):
        found = list(group)
        if kind == "code":
            parts.append(_code(found, width))
        elif kind == "quote":
            parts.append(_quote(found, width))
        else:
            parts += [_line(block, width) for block in found]
    return stack(parts)


def _line(block: Block, width: float) -> Drawn:
    if block.kind == "heading":
        return padded(paragraph(block.runs, HEADINGS[block.level], width, BRIGHT), 2, 4)
    if block.kind == "sub":
        return paragraph(block.runs, SMALL, width, FAINT)
    if block.kind == "item":
        mark = label(block.mark, SIZE, TEXT)
        inner = paragraph(block.runs, SIZE, width - 24)
        return Drawn(at(18 - mark.width + 2, 0, mark) + at(26, 0, inner), width, inner.height)
    return paragraph(block.runs or (Run(" "),), SIZE, width)


def _quote(found: Sequence[Block], width: float) -> Drawn:
    inner = stack([paragraph(block.runs, SIZE, width - 16) for block in found])
    return Drawn(box(4, inner.height, "#4e5058", 2) + at(14, 0, inner), width, inner.height)


def _code(found: Sequence[Block], width: float) -> Drawn:
    """Lines are never broken here: columns have to stay columns."""
    size = CODE_SIZE / CODE
    rows = [line([Piece(block.runs[0], 0.0)], size) for block in found]
    lines = [measure(block.runs[0].text, CODE_SIZE, code=True) for block in found]
    leading = CODE_SIZE * 1.35
    height = leading * len(rows) + 16
    wide = max(width, max(lines) + 20)
    svg = box(wide - 1, height, "#1e1f22", 4, ' stroke="#3a3c42"')
    svg += "".join(at(7, 8 + number * leading - 1.5, row) for number, row in enumerate(rows))
    return padded(Drawn(svg, wide, height), 4, 4)
