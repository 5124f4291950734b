"""Type for SVGs, drawn run by run, so that pills and code have their boxes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from benchmarks.drawing.icons import ICONS, icon
from benchmarks.drawing.runs import Run
from benchmarks.drawing.shapes import Drawn, box, stack
from benchmarks.drawing.wrap import CODE, EMOJI, Piece, measure, wrap

# Verdana has nearly DejaVu's widths; for the rest, `textLength` sees to it that a line is as wide as it was measured.
SANS = "'DejaVu Sans', Verdana, 'Noto Sans', sans-serif"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono', monospace"
LEADING = 1.42


@dataclass(frozen=True)
class Type:
    """`boxes`: what is behind code and each kind of pill; `inks`: of pills' letters, and of "mono".

    `sign`: the colour of icons that have none of their own.
    """

    text: str
    link: str
    sign: str
    boxes: Mapping[str, str] = field(default_factory=dict)
    inks: Mapping[str, str] = field(default_factory=dict)

    def label(self, text: str, size: float, colour: str = "", bold: bool = False) -> Drawn:
        """One line, as it is."""
        return self.line([Piece(Run(text, bold=bold), measure(text, size, bold))], size, colour)

    def paragraph(self, runs: Sequence[Run], size: float, width: float, colour: str = "") -> Drawn:
        """Wrapped to the width."""
        return stack([self.line(pieces, size, colour) for pieces in wrap(runs, size, width)])

    def line(self, pieces: Sequence[Piece], size: float, colour: str = "") -> Drawn:
        svg, x, height = [], 0.0, size * LEADING
        for piece in pieces:
            svg.append(self._drawn(piece, x, size, colour or self.text))
            x += piece.width
        return Drawn("".join(svg), x, height)

    def _drawn(self, piece: Piece, x: float, size: float, colour: str) -> str:
        run, inset = piece.run, 3.0 if piece.run.pill or piece.run.code else 0.0
        fill = self.boxes.get(run.pill or ("code" if run.code else ""), "")
        back = box(piece.width, size * 1.3, fill, 3) if fill else ""
        shown = f'<g transform="translate({x:.1f} {size * 0.06:.1f})">{back}</g>' if back else ""
        ink = self.inks.get(run.pill or ("mono" if run.mono else "")) or (self.link if run.link else colour)
        return shown + self._letters(run, x + inset, size, ink)

    def _letters(self, run: Run, x: float, size: float, colour: str) -> str:
        """Emoji have pictures of their own."""
        svg, size_of_letters = [], size * (CODE if run.code else 1)
        for number, part in enumerate(EMOJI.split(run.text)):
            width = measure(part, size_of_letters, run.bold, run.fixed)
            shape = ICONS.get(part.removesuffix("\ufe0f")) if number % 2 else None
            picture = icon(shape, x + size * 0.08, size * 0.14, size * 1.12, self.sign) if shape else None
            svg.append(picture or text(part, x, size * 1.06, size_of_letters, colour, run))
            x += width
        return "".join(svg)


def text(words: str, x: float, baseline: float, size: float, colour: str, run: Run) -> str:
    shown = words.rstrip()
    if not shown:
        return ""
    style = f' font-family="{MONO}"' if run.fixed else ""
    style += ' font-weight="bold"' if run.bold else ""
    style += ' font-style="italic"' if run.italic else ""
    style += ' text-decoration="line-through"' if run.struck else ""
    if len(shown) > 1 and not EMOJI.match(shown):
        style += f' textLength="{measure(shown, size, run.bold, run.fixed):.1f}" lengthAdjust="spacingAndGlyphs"'
    place = f'x="{x:.1f}" y="{baseline:.1f}" font-size="{size:g}" fill="{colour}" xml:space="preserve"'
    return f"<text {place}{style}>{escape(shown)}</text>"
