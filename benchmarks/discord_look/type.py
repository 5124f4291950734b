"""Type for SVGs, drawn run by run, so that pills and code have their boxes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.discord_look.icons import icon
from benchmarks.discord_look.markdown import Run
from benchmarks.discord_look.wrap import CODE, EMOJI, Piece, measure, wrap

# Verdana has nearly DejaVu's widths; for the rest, `textLength` sees to it that a line is as wide as it was measured.
SANS = "'DejaVu Sans', Verdana, 'Noto Sans', sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono', monospace"
TEXT, FAINT, BRIGHT, LINK, PILL = "#dbdee1", "#949ba4", "#f2f3f5", "#00a8fc", "#3c4270"
PILL_TEXT = "#c9cdfb"
LEADING = 1.42


@dataclass(frozen=True)
class Drawn:
    svg: str
    width: float
    height: float


def at(x: float, y: float, drawn: Drawn) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f})">{drawn.svg}</g>'


def stack(parts: Iterable[Drawn], gap: float = 0) -> Drawn:
    """One below the other."""
    svg, y, width = [], 0.0, 0.0
    for part in parts:
        svg.append(at(0, y, part))
        y, width = y + part.height + gap, max(width, part.width)
    return Drawn("".join(svg), width, max(0.0, y - gap))


def box(width: float, height: float, fill: str, radius: float = 4, more: str = "") -> str:
    return f'<rect width="{width:.1f}" height="{height:.1f}" rx="{radius}" fill="{fill}"{more}/>'


def label(text: str, size: float, colour: str = TEXT, bold: bool = False) -> Drawn:
    """One line, as it is."""
    return line([Piece(Run(text, bold=bold), measure(text, size, bold))], size, colour)


def paragraph(runs: Sequence[Run], size: float, width: float, colour: str = TEXT) -> Drawn:
    """Wrapped to the width."""
    return stack([line(pieces, size, colour) for pieces in wrap(runs, size, width)])


def line(pieces: Sequence[Piece], size: float, colour: str = TEXT) -> Drawn:
    svg, x, height = [], 0.0, size * LEADING
    for piece in pieces:
        svg.append(_drawn(piece, x, size, colour))
        x += piece.width
    return Drawn("".join(svg), x, height)


def _drawn(piece: Piece, x: float, size: float, colour: str) -> str:
    run, inset = piece.run, 3.0 if piece.run.pill or piece.run.code else 0.0
    fill = {"mention": PILL, "time": "#3f4248"}.get(run.pill, "#1e1f22" if run.code else "")
    back = box(piece.width, size * 1.3, fill, 3) if fill else ""
    shown = f'<g transform="translate({x:.1f} {size * 0.06:.1f})">{back}</g>' if back else ""
    ink = PILL_TEXT if run.pill == "mention" else LINK if run.link else colour
    return shown + _letters(run, x + inset, size, ink)


def _letters(run: Run, x: float, size: float, colour: str) -> str:
    """Emoji have pictures of their own."""
    svg, size_of_letters = [], size * (CODE if run.code else 1)
    for number, part in enumerate(EMOJI.split(run.text)):
        width = measure(part, size_of_letters, run.bold, run.code)
        picture = icon(part, x + size * 0.08, size * 0.14, size * 1.12) if number % 2 else None
        svg.append(picture or text(part, x, size * 1.06, size_of_letters, colour, run))
        x += width
    return "".join(svg)


def text(words: str, x: float, baseline: float, size: float, colour: str, run: Run) -> str:
    shown = words.rstrip()
    if not shown:
        return ""
    style = f' font-family="{MONO}"' if run.code else ""
    style += ' font-weight="bold"' if run.bold else ""
    style += ' font-style="italic"' if run.italic else ""
    style += ' text-decoration="line-through"' if run.struck else ""
    if len(shown) > 1 and not EMOJI.match(shown):
        style += f' textLength="{measure(shown, size, run.bold, run.code):.1f}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{x:.1f}" y="{baseline:.1f}" font-size="{size:g}" fill="{colour}" xml:space="preserve"'
    return f"<text {place}{style}>{escape(shown)}</text>"
