"""Chats as screens of a phone, side by side. Pure; what isn't ours is only imitated."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from benchmarks.drawing.faces import face
from benchmarks.drawing.lighthouse import minutes
from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box, padded, page, stack
from benchmarks.drawing.type import SANS
from benchmarks.telegram_look.bubble import bubble
from benchmarks.telegram_look.foot import foot
from benchmarks.telegram_look.seen import Note, Screen, Seen
from benchmarks.telegram_look.type import (
    FAINT,
    LINK,
    PAPER,
    SIZE,
    SMALL,
    TEXT,
    WALL,
    WHITE,
    colour_of,
    label,
    paragraph,
)

WIDTH, MARGIN = 400.0, 12.0
HEAD, FACE, BETWEEN = 54.0, 34.0, 8.0
ALERT = 280.0


def draw(screens: Sequence[Screen]) -> str:
    parts = [(_head(one), _talk(one), foot(one.foot, WIDTH)) for one in screens]
    height = max(sum(part.height for part in some) for some in parts)
    svg = ""
    for number, (head, talk, below) in enumerate(parts):
        x = MARGIN + number * (WIDTH + MARGIN)
        svg += at(x, MARGIN, _column(head, talk, below, height))
    width = MARGIN + len(screens) * (WIDTH + MARGIN)
    return page(Drawn(svg, width, height), width, height + 2 * MARGIN, "#ffffff", SANS)


def _column(head: Drawn, talk: Drawn, below: Drawn, height: float) -> Drawn:
    svg = box(WIDTH, height, WALL, 0) + head.svg + at(0, head.height, talk) + at(0, height - below.height, below)
    return Drawn(svg + box(WIDTH, height, "none", 0, ' stroke="#b9c2c6"'), WIDTH, height)


def _head(screen: Screen) -> Drawn:
    who = face(screen.title, None, colour_of(screen.title), label, 38)
    back = '<path d="m8 0-8 8 8 8" fill="none" stroke="#2d7ecb" stroke-width="2"/>'
    svg = box(WIDTH, HEAD, PAPER, 0) + at(16, 19, Drawn(back, 8, 16)) + at(38, 8, who)
    svg += at(88, 7, label(screen.title, 15, TEXT, bold=True)) + at(88, 28, label(screen.about, SMALL, FAINT))
    return Drawn(svg, WIDTH, HEAD)


def _talk(screen: Screen) -> Drawn:
    moments = minutes(screen.items)
    rows = [_item(item, at_, screen.group) for item, at_ in zip(screen.items, moments, strict=True)]
    return padded(stack(rows, BETWEEN), 10, 14)


def _item(item: Seen | Note, moment: datetime, group: bool) -> Drawn:
    if isinstance(item, Note):
        return {"ours": _aside, "service": _service, "alert": _alert}[item.kind](item.words)
    left = MARGIN + (FACE + 8 if group and not item.own else 0)
    said = bubble(item, moment, WIDTH - left - 46, named=bool(item.via) or (group and not item.own))
    x = WIDTH - MARGIN - said.width if item.own else left
    svg = at(x, 0, said)
    if group and not item.own:
        svg += at(MARGIN - 4, said.height - FACE, face(item.who, None, colour_of(item.who), label, FACE))
    return Drawn(svg, WIDTH, said.height)


def _aside(words: str) -> Drawn:
    """What the picture says of itself."""
    inner = paragraph((Run(words, italic=True),), SMALL, WIDTH - 40, "#53695e")
    left = (WIDTH - inner.width) / 2
    ends = f"M20 9H{left - 10:.1f}M{WIDTH - left + 10:.1f} 9H{WIDTH - 20:g}"
    return Drawn(f'<path d="{ends}" stroke="#9fb3a8"/>' + at(left, 0, inner), WIDTH, inner.height)


def _service(words: str) -> Drawn:
    inner = WHITE.label(words, SMALL, bold=True)
    svg = box(inner.width + 20, 24, "#7f948a", 12) + at(10, 3, inner)
    return Drawn(at((WIDTH - inner.width - 20) / 2, 0, Drawn(svg, 0, 24)), WIDTH, 24)


def _alert(words: str) -> Drawn:
    inner = paragraph((Run(words),), SIZE, ALERT - 36)
    height = inner.height + 62
    okay = label("OK", SIZE, LINK, bold=True)
    svg = box(ALERT, height, PAPER, 12, ' stroke="#8fa398"') + at(18, 16, inner)
    svg += at(ALERT - 20 - okay.width, height - 32, okay)
    return Drawn(at((WIDTH - ALERT) / 2, 0, Drawn(svg, ALERT, height)), WIDTH, height)
