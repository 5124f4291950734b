"""A message as a bubble: who says it, what it answers, picture, text, time, buttons below. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, at, box, data_url, padded, picture, stack
from benchmarks.drawing.wrap import measure, shortened
from benchmarks.telegram_look.content import content
from benchmarks.telegram_look.entities import shown
from benchmarks.telegram_look.keyboard import buttons_width, keyboard
from benchmarks.telegram_look.seen import Reply, Seen
from benchmarks.telegram_look.type import (
    BAR,
    BUBBLE,
    FAINT,
    OWN,
    SIZE,
    SMALL,
    TINY,
    colour_of,
    label,
    paragraph,
)
from tests.doubles.telegram import File

INSET, TOP = 11.0, 7.0
PHOTO, HIGH = 400.0, 300.0  # its width where there is room for it, and its height, at most
THINKING = "Thinking…"
READ = "#62a352"


def bubble(message: Seen, moment: datetime, limit: float, named: bool) -> Drawn:
    """`named`: with who says it."""
    clock, most = _clock(message, moment), limit - 2 * INSET
    head = _head(message, most) if named else []
    inner, beside = _width(message, head, clock, most)
    body = stack([*head, *_parts(message, most, inner)], 2)
    height = TOP + body.height + (0 if beside else clock.height - 2) + TOP
    svg = box(inner + 2 * INSET, height, OWN if message.own else BUBBLE, 12) + at(INSET, TOP, body)
    svg += at(INSET + inner - clock.width, height - clock.height - 4, clock)
    return _with_buttons(Drawn(svg, inner + 2 * INSET, height), message)


def _width(message: Seen, head: Sequence[Drawn], clock: Drawn, most: float) -> tuple[float, bool]:
    """Of what is in it; and whether the time has room beside the last line."""
    wishes = list(_wishes(message))
    text, last = content(message.body, most)
    end = (last if message.body.plain else max(wishes)) + 10 + clock.width
    inner = max([text.width, *(part.width for part in head), *wishes])
    beside = end <= max(inner, most * 0.55)
    return min(most, max(inner, end if beside else clock.width)), beside


def _wishes(message: Seen) -> Iterator[float]:
    """How wide it would like to be."""
    yield buttons_width(message.rows) - 2 * INSET
    if message.reply:
        yield 20 + max(measure(shown(part), SMALL, bold=True) for part in (message.reply.who, message.reply.words))
    if message.photo:
        yield PHOTO
    if message.file:
        yield _file(message.file).width
    if message.draft:
        yield measure(THINKING, SIZE)


def _with_buttons(inner: Drawn, message: Seen) -> Drawn:
    if not message.rows:
        return Drawn(f'<g opacity="0.75">{inner.svg}</g>' if message.draft else inner.svg, inner.width, inner.height)
    return stack([inner, keyboard(message.rows, inner.width)], 3)


def _clock(message: Seen, moment: datetime) -> Drawn:
    """Of one's own, with the sign that they were read."""
    if message.draft:
        return label("· · ·", TINY, FAINT)
    if not message.own:
        return label(f"{moment:%H:%M}", TINY, FAINT)
    time = label(f"{moment:%H:%M}", TINY, READ)
    ticks = f'<path d="m0 5 3 3.5L9 1M6.5 7.5 7.5 8.5 13.5 1" fill="none" stroke="{READ}" stroke-width="1.3"/>'
    return Drawn(time.svg + at(time.width + 4, 3, Drawn(ticks, 14, 9)), time.width + 18, time.height)


def _head(message: Seen, most: float) -> list[Drawn]:
    via = (Run(" via "), Run(f"@{message.via}", link=True)) if message.via else ()
    return [paragraph((Run(message.who, bold=True), *via), SMALL, most, colour_of(message.who))]


def _parts(message: Seen, most: float, inner: float) -> list[Drawn]:
    parts = [padded(quoted(message.reply, inner), 1, 3)] if message.reply else []
    parts += [padded(picture(data_url(message.photo), inner, HIGH), 2, 4)] if message.photo else []
    parts += [_file(message.file)] if message.file else []
    if message.draft and not message.body.plain:
        return [*parts, label(THINKING, SIZE, FAINT)]
    return [*parts, content(message.body, most, inner)[0]] if message.body.plain else parts


def quoted(reply: Reply, width: float) -> Drawn:
    """What is answered, in one line."""
    inset = 40.0 if reply.photo else 10.0
    who = label(reply.who, SMALL, BAR, bold=True)
    words = label(shortened(shown(reply.words), SMALL, width - inset - 6), SMALL)
    inner = stack([who, words])
    svg = box(width, inner.height + 4, "#3f96d0", 4, ' opacity="0.12"') + box(3, inner.height + 4, BAR, 1.5)
    if reply.photo:
        svg += at(8, 5, picture(data_url(reply.photo), 28, 28))
    return Drawn(svg + at(inset, 2, inner), width, inner.height + 4)


def _file(file: File) -> Drawn:
    sheet = '<circle cx="20" cy="20" r="20" fill="#4fae4e"/><path d="M13.5 10h8l5 5v15h-13z" fill="#fff"/>'
    size = f"{file.size / 1e6:.1f} MB" if file.size >= 100_000 else f"{file.size / 1e3:.1f} KB"
    words = stack([label(file.name, SIZE, bold=True), label(size, SMALL, FAINT)])
    return padded(Drawn(sheet + at(50, 2, words), 50 + words.width, 42), 2, 2)
