"""What an account's picture is. Pure."""

from __future__ import annotations

MAX_PICTURE = 4 * 1024 * 1024  # bytes
_HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_picture(data: bytes) -> bool:
    """A PNG or JPEG file, by its first bytes, and no larger than MAX_PICTURE."""
    return data.startswith(_HEADS) and len(data) <= MAX_PICTURE
