"""Avatars: sound little PNG files."""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image


def picture(name: str, size: int = 48) -> bytes:
    """A square PNG file in a colour of its own."""
    red, green, blue = hashlib.sha256(name.encode()).digest()[:3]
    file = BytesIO()
    Image.new("RGB", (size, size), (red, green, blue)).save(file, "PNG")
    return file.getvalue()
