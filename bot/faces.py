"""A persona's picture where its account has none: a pattern of its own, the same each time. Pure."""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image, ImageColor

CELLS, HALF = 5, 3  # five columns, mirrored around the third
SIZE, EDGE = 160, 20  # pixels
BACKGROUND = (242, 240, 235)


def face(name: str) -> bytes:
    """A PNG of SIZE × SIZE pixels."""
    digest = hashlib.sha256(name.encode()).digest()
    colour = ImageColor.getrgb(f"hsl({digest[0] * 360 // 256}, 55%, 45%)")
    cells = Image.new("RGB", (CELLS, CELLS), BACKGROUND)
    for cell in range(CELLS * HALF):
        if digest[1 + cell] % 2:
            row, column = divmod(cell, HALF)
            cells.putpixel((column, row), colour)
            cells.putpixel((CELLS - 1 - column, row), colour)
    pattern = cells.resize((SIZE - 2 * EDGE, SIZE - 2 * EDGE), Image.Resampling.NEAREST)
    picture = Image.new("RGB", (SIZE, SIZE), BACKGROUND)
    picture.paste(pattern, (EDGE, EDGE))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
