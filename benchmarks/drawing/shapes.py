"""Pieces of SVG that know how large they are. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

from PIL import Image

DENSITY = 2  # pixels of a picture for one of the drawing
COLOURS = 128  # of a picture that is made smaller


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


def padded(inner: Drawn, above: float, below: float) -> Drawn:
    return Drawn(at(0, above, inner), inner.width, inner.height + above + below)


def data_url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def picture(url: str, width: float, most: float) -> Drawn:
    """Of a data URL; no higher than `most`."""
    with Image.open(BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        scale = min(width / image.width, most / image.height)
        wide, high = image.width * scale, image.height * scale
        if DENSITY * scale < 1:
            url = data_url(_smaller(image, round(DENSITY * wide), round(DENSITY * high)))
    return Drawn(f'<image width="{wide:.1f}" height="{high:.1f}" href="{url}" xlink:href="{url}"/>', wide, high)


def _smaller(image: Image.Image, width: int, height: int) -> bytes:
    file = BytesIO()
    small = image.convert("RGBA").resize((width, height), Image.Resampling.LANCZOS)
    small.quantize(COLOURS, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


def page(inner: Drawn, width: float, height: float, background: str, fonts: str) -> str:
    """A file. `#round` cuts a circle of 40 × 40."""
    size = f'width="{width:g}" height="{height:.0f}" viewBox="0 0 {width:g} {height:.0f}"'
    xmlns = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    clip = '<defs><clipPath id="round"><circle cx="20" cy="20" r="20"/></clipPath></defs>'
    back = f'<rect width="100%" height="100%" fill="{background}"/>'
    return f'<svg {xmlns} {size} font-family="{fonts}">{clip}{back}{inner.svg}</svg>\n'
