"""Accounts' pictures: from strangers' files, round."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from bot.faces import BACKGROUND, face

MAX_BYTES = 8 * 1024 * 1024
MAX_PIXELS = 16_000_000  # 64 MB when decoded
ENOUGH = 1_000  # pixels a side, of which the middle is used
FORMATS = ("PNG", "JPEG")
SMOOTH = 4  # the circle is drawn that much larger
ROOM = 28  # pixels around a face, so that the circle doesn't cut its corners


def round_avatar(path: Path, handle: str, size: int) -> bytes:
    """A PNG of size × size pixels, transparent outside the circle; a face where `path` is no picture."""
    square = (_read(path) or _face(handle)).resize((size, size), Image.Resampling.LANCZOS)
    circle = Image.new("L", (SMOOTH * size, SMOOTH * size), 0)
    ImageDraw.Draw(circle).ellipse((0, 0, SMOOTH * size - 1, SMOOTH * size - 1), fill=255)
    square.putalpha(circle.resize((size, size), Image.Resampling.LANCZOS))
    file = BytesIO()
    square.save(file, "PNG")
    return file.getvalue()


def _read(path: Path) -> Image.Image | None:
    """The middle of a picture, RGB; None: there is none, or it is no PNG or JPEG of a size to be expected."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return _decoded(path.read_bytes())
    except Exception:  # Pillow's readers raise many kinds on files that were made to
        return None


def _decoded(data: bytes) -> Image.Image | None:
    with Image.open(BytesIO(data), formats=FORMATS) as picture:
        if picture.width * picture.height > MAX_PIXELS:
            return None
        picture.draft("RGB", (ENOUGH, ENOUGH))  # of a JPEG, no more than that is decoded
        ImageOps.exif_transpose(picture, in_place=True)
        whole = picture.convert("RGBA")
    whole.thumbnail((ENOUGH, ENOUGH))
    opaque = Image.alpha_composite(Image.new("RGBA", whole.size, BACKGROUND), whole).convert("RGB")
    return ImageOps.fit(opaque, (min(opaque.size), min(opaque.size)))


def _face(handle: str) -> Image.Image:
    with Image.open(BytesIO(face(handle))) as picture:
        roomy = ImageOps.expand(picture, ROOM, BACKGROUND)
    return ImageOps.scale(roomy, SMOOTH, Image.Resampling.NEAREST)
