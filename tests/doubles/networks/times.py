"""Moments of posts, ids made from them, and how networks write them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

NEWEST = datetime(2026, 3, 1, 12, tzinfo=UTC)  # of the posts that say nothing else
STEP = timedelta(hours=1)  # between two of them
X_EPOCH = 1288834974657  # milliseconds: the first moment of X's snowflakes


def moments(n: int) -> list[datetime]:
    """Of n posts, oldest first."""
    return [NEWEST - STEP * back for back in range(n - 1, -1, -1)]


def milliseconds(moment: datetime) -> int:
    return (moment - datetime.fromtimestamp(0, UTC)) // timedelta(milliseconds=1)


def iso(moment: datetime) -> str:
    """2026-03-01T12:00:00.000Z"""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def snowflake(moment: datetime, sequence: int) -> int:
    """An id of X: milliseconds since its epoch, then 22 bits of which we use 12 for the sequence."""
    return (milliseconds(moment) - X_EPOCH) << 22 | sequence & 0xFFF


def number(text: str, digits: int = 10) -> str:
    """An id that is always the same for this text, and has so many digits."""
    drawn = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return str(10 ** (digits - 1) + drawn % (9 * 10 ** (digits - 1)))


def letters(text: str, n: int, alphabet: str) -> str:
    """n letters that are always the same for this text."""
    drawn = hashlib.sha512(text.encode()).digest()
    return "".join(alphabet[byte % len(alphabet)] for byte in drawn[:n])
