"""Ids as Bluesky forms them, made from what they are of."""

from __future__ import annotations

from datetime import datetime

from tests.doubles.networks.times import letters, milliseconds

BASE32, SORTABLE = "abcdefghijklmnopqrstuvwxyz234567", "234567abcdefghijklmnopqrstuvwxyz"


def did_of(handle: str) -> str:
    return "did:plc:" + letters(handle.lower(), 24, BASE32)


def cid_of(uri: str) -> str:
    return "bafyrei" + letters(uri, 52, BASE32)


def record_key(moment: datetime, clock: int) -> str:
    """A TID: 13 letters, microseconds and then 10 bits of a clock's number."""
    left, text = milliseconds(moment) * 1000 << 10 | clock & 0x3FF, ""
    for _ in range(13):
        left, digit = divmod(left, 32)
        text = SORTABLE[digit] + text
    return text
