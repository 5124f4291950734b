"""Ways to break the bytes of a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

_JUNK = (
    *(
        b"\0",
        b"\xff",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\r",
        b"\n",
        b"\x1a",
        b"\x85",
    ),
    *(b'"', b'""', b"'", b",", b";", b";;;", b"[", b"]", b"{", b"}", b"\\", b"\\u", b"\\ud83d", b":", b"//", b"\t"),
    *(
        b"PK\x05\x06",
        b"PK\x03\x04",
        b"window.YTD.tweets.part0 = ",
        b"window.YTD.",
        b"<html>",
        b"<!--",
        b"]]>",
        b"text\n",
    ),
    *(b"9" * 5000, b"[" * 3000, b'"' * 3001, b"\n" * 3000, b" " * 70_000, b"x" * 140_000, b"\xe2\x80\xa6" * 999),
)
_PREFIXES = (
    *(b"window.YTD.like.part0 = ", b"window.YTD.tweets.part", b"window.YTD.tweets.part0 = window.YTD.tweets.part0 = "),
    *(
        b"window.YTD." + b"x" * 90_000,
        b"var a = ",
        b"window.YTD.tweets.part" + b"9" * 5000 + b" = ",
        b"\xef\xbb\xbf" * 2,
    ),
    *(
        b"id,text,date\n",
        b"text;b;c\n",
        b"\n" * 999,
        b"<!DOCTYPE html><html><body>",
        b"window",
        b"\xff\xfe",
        b"\xfe\xff",
    ),
)


def break_bytes(data: bytes, rng: Random) -> bytes:
    if rng.random() < 0.004:  # these take a while
        data = swell(data, rng)
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
        data = rng.choice(BYTE_CHANGES)(data, rng)
    return data


def flip(data: bytes, rng: Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 30]) if data else 0):
        changed[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(changed)


def cut(data: bytes, rng: Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def behead(data: bytes, rng: Random) -> bytes:
    return data[rng.randint(0, len(data)) :]


def insert(data: bytes, rng: Random) -> bytes:
    at = rng.choice([0, rng.randint(0, len(data)), len(data)])
    return data[:at] + rng.choice(_JUNK) * rng.choice([1, 1, 2]) + data[at:]


def excise(data: bytes, rng: Random) -> bytes:
    start = rng.randint(0, len(data))
    return data[:start] + data[start + rng.randint(0, 40) :]


def repeat(data: bytes, rng: Random) -> bytes:
    start = rng.randint(0, len(data))
    end = min(len(data), start + rng.randint(0, 400))
    return data[:end] + data[start:end] * rng.choice([1, 2, 20]) + data[end:]


def swap(data: bytes, rng: Random) -> bytes:
    a, b, c = sorted(rng.randint(0, len(data)) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def swell(data: bytes, rng: Random) -> bytes:
    """Megabytes of what takes the most memory or the most time for its size, where it may be as it should be."""
    large = [b"{},", b"[],", b'{"a":{}},', b"a ", b'a"', b"\\u0041", b"<", b"\xf0\x9f\x90\x9a", b"\0"]
    many = [b'"",', b"1,", b",", b"\n", b'","']  # each of these may be a post of its own
    piece = rng.choice(large + many)
    at = rng.choice([0, len(data), *(match.end() for match in re.finditer(rb'\[|: ?"|\n', data))])
    return data[:at] + piece * ((1_000_000 if piece in many else 4_000_000) // len(piece)) + data[at:]


def recode(data: bytes, rng: Random) -> bytes:
    encodings = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp1252", "shift_jis", "utf-7"]
    return data.decode("utf-8", "replace").encode(rng.choice(encodings), "replace")


def prefix(data: bytes, rng: Random) -> bytes:
    return rng.choice(_PREFIXES) + data


def lines(data: bytes, rng: Random) -> bytes:
    return data.replace(b"\n", rng.choice([b"\r\n", b"\r", b"", b"\n\n", b"\x0b", b"\xe2\x80\xa8"]))


BYTE_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(flip, flip, cut, behead, insert, insert, insert, excise, repeat, swap, recode, prefix, lines),
)
