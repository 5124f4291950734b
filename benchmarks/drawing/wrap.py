"""How wide text is, and where it breaks. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import matplotlib
from PIL import ImageFont
from wcwidth import wcwidth

from benchmarks.drawing.runs import Run

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
EMOJI = re.compile("([\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u25b6\u25c0\u2197]\ufe0f?|\u23f3\ufe0f)")
EMOJI_WIDTH = 1.3  # of the size of the letters
CODE = 0.875  # of the size of the text around it


@dataclass(frozen=True)
class Piece:
    run: Run
    width: float


@cache
def font(bold: bool = False, code: bool = False) -> ImageFont.FreeTypeFont:
    name = f"DejaVuSans{'Mono' if code else ''}{'-Bold' if bold else ''}.ttf"
    return ImageFont.truetype(FONTS / name, 100)


def measure(text: str, size: float, bold: bool = False, code: bool = False) -> float:
    width = 0.0
    for number, part in enumerate(EMOJI.split(text)):
        width += EMOJI_WIDTH * size if number % 2 else _letters(part, font(bold, code)) * size / 100
    return width


def shortened(text: str, size: float, width: float, bold: bool = False) -> str:
    """With an ellipsis where it is wider."""
    while len(text) > 1 and measure(text, size, bold) > width:
        text = text[:-2].rstrip() + "…"
    return text


def _letters(text: str, known: ImageFont.FreeTypeFont) -> float:
    """What DejaVu lacks, such as Japanese, is as wide as it is high; where columns count, as two other letters."""
    wide = sum(wcwidth(letter) == 2 for letter in text)
    if not wide:
        return known.getlength(text)
    each = 2 * known.getlength("0") if known.getname()[0] == "DejaVu Sans Mono" else 100
    return known.getlength("".join(letter for letter in text if wcwidth(letter) != 2)) + wide * each


def wrap(runs: Sequence[Run], size: float, width: float) -> list[list[Piece]]:
    rows: list[list[Piece]] = [[]]
    left = width
    for run in runs:
        for word in _words(run, size, width):
            if word.width - _measured(" " * _spaces(word.run), word.run, size) > left and rows[-1]:
                rows.append([])
                left = width
            rows[-1].append(word)
            left -= word.width
    return [_joined(row) for row in rows]


def _spaces(run: Run) -> int:
    return len(run.text) - len(run.text.rstrip())


def _measured(text: str, run: Run, size: float) -> float:
    padding = 6.0 if run.pill or (run.code and text.strip()) else 0.0
    return measure(text, size * (CODE if run.code else 1), run.bold, run.fixed) + padding


def _words(run: Run, size: float, width: float) -> list[Piece]:
    """What isn't broken, but for what is wider than the whole line. Pills and code stay in one piece where they can."""
    whole = Piece(run, _measured(run.text, run, size))
    if (run.pill or run.code) and whole.width <= width:
        return [whole]
    words = re.findall(r"\S+\s*|\s+", run.text)
    parts = [part for word in words for part in _broken(word, run, size, width)]
    return [Piece(replace(run, text=part), _measured(part, run, size)) for part in parts]


def _broken(word: str, run: Run, size: float, width: float) -> list[str]:
    if _measured(word.rstrip(), run, size) <= width:
        return [word]
    most = max(1, int(len(word) * width / _measured(word, run, size)) - 1)
    return [word[start : start + most] for start in range(0, len(word), most)]


def _joined(row: Sequence[Piece]) -> list[Piece]:
    """Words of one style become one text again."""
    joined: list[Piece] = []
    for piece in row:
        plain = not (piece.run.pill or piece.run.code)
        if plain and joined and replace(joined[-1].run, text="") == replace(piece.run, text=""):
            run = replace(piece.run, text=joined[-1].run.text + piece.run.text)
            joined[-1] = Piece(run, joined[-1].width + piece.width)
        else:
            joined.append(piece)
    return joined
