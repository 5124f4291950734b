"""Ways to break a zip: its members, its headers, and anything else in it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from random import Random

from tests.bot.sources.formats.breaking.octets import break_bytes

# Of each kind of header: what it begins with, and where its fields are, with their sizes in bytes.
_HEADERS = {
    b"PK\x03\x04": ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2)),
    b"PK\x01\x02": ((6, 2), (8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (34, 2), (42, 4)),
    b"PK\x05\x06": ((4, 2), (6, 2), (8, 2), (10, 2), (12, 4), (16, 4), (20, 2)),
    b"PK\x06\x06": ((4, 8), (16, 4), (24, 8), (32, 8), (40, 8), (48, 8)),
    b"PK\x06\x07": ((4, 4), (8, 8), (16, 4)),
}
_CLAIMS = (0, 1, 2, 8, 9, 12, 14, 20, 45, 63, 255, 2**15, 2**16 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
_NAMES = (
    *("../tweets.js", "/data/tweets.js", "data/../../tweets.js", "data\\tweets.js", "C:\\tweets.js", "data/tweets.js/"),
    *(
        "\x1b[2J/data/tweets.js",
        "a\nb/data/tweets.js",
        "data/tweets-part" + "9" * 5000 + ".js",
        "data/tweets-part07.js",
    ),
    *(
        "x" * 60_000,
        "",
        ".",
        "é\u202e/result.json",
        "outbox.json",
        "b/result.json",
        "data/tweet.js",
        "tweets.js",
        "actor.json",
    ),
)


def break_members(members: dict[str, bytes], rng: Random) -> dict[str, bytes]:
    """Missing, swapped, renamed and strange members."""
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        names = list(members)
        first, second = rng.choice(names), rng.choice(names)
        change = rng.randrange(5)
        if change == 0 and len(members) > 1:
            del members[first]
        elif change == 1:
            members[first], members[second] = members[second], members[first]
        elif change == 2:
            members[rng.choice(_NAMES)] = members[first]
        elif change == 3:
            members[first] = zipped(dict(members), rng)
        else:
            members[first] = b""
    return members


def zipped(members: Mapping[str, bytes], rng: Random) -> bytes:
    data = io.BytesIO()
    methods = [zipfile.ZIP_DEFLATED] * 6 + [zipfile.ZIP_STORED] * 2 + [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
    with zipfile.ZipFile(data, "w", rng.choice(methods)) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = archive.compression
            with archive.open(info, "w", force_zip64=rng.random() < 0.2) as file:
                file.write(content)
    return data.getvalue()


def break_zip(data: bytes, rng: Random) -> bytes:
    for _ in range(rng.choice([0, 0, 1, 1, 2, 5])):
        data = rng.choice(_ZIP_CHANGES)(data, rng)
    return data


def claim(data: bytes, rng: Random) -> bytes:
    """Any field of any header says anything."""
    places = [at for magic in _HEADERS for at in _all(data, magic)]
    if not places:
        return data
    at = rng.choice(places)
    place, size = rng.choice(_HEADERS[data[at : at + 4]])
    value = rng.choice([*_CLAIMS, rng.randrange(2**16), rng.randrange(len(data))]) % 2 ** (8 * size)
    changed = bytearray(data)
    changed[at + place : at + place + size] = value.to_bytes(size, "little")
    return bytes(changed)


def _all(data: bytes, magic: bytes) -> list[int]:
    found, at = [], data.find(magic)
    while at >= 0 and at + 56 < len(data) + 34:
        found.append(at)
        at = data.find(magic, at + 1)
    return found


def claim_zip64(data: bytes, rng: Random) -> bytes:
    """A directory record of zip64 with large numbers, before the ordinary one."""
    end = data.rfind(b"PK\x05\x06")
    numbers = [rng.choice(_CLAIMS) for _ in range(4)]
    record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *numbers)
    locator = struct.pack(
        "<4sLQL", b"PK\x06\x07", 0, rng.choice([max(end, 0), *_CLAIMS]), rng.choice([0, 1, 2**32 - 1])
    )
    return data[:end] + record + locator + data[end:]


def claim_name(data: bytes, rng: Random) -> bytes:
    """Another name of the same length, in one header or in all."""
    new = rng.choice(
        [b"../x/tweets.js", b"/ata/tweets.js", b"data\\tweets.js", b"data/tw\x00ets.js", b"data/tweet\xff.js"]
    )
    return data.replace(b"data/tweets.js", new, rng.choice([1, -1]))


def overlap(data: bytes, rng: Random) -> bytes:
    """All members are where the first one is."""
    changed = bytearray(data)
    for at in _all(data, b"PK\x01\x02"):
        changed[at + 42 : at + 46] = bytes(4)
    return bytes(changed)


def double(data: bytes, rng: Random) -> bytes:
    return data + data if rng.random() < 0.5 else b"junk before" * rng.randrange(9) + data


def comment(data: bytes, rng: Random) -> bytes:
    return data + rng.choice([b"PK\x05\x06", b"\0" * 70_000, b"x" * 65_000 + b"PK\x05\x06" + bytes(18), b"PK\x06\x07"])


def bomb(data: bytes, rng: Random) -> bytes:
    """A member of 30 MB of one byte, in a zip of its own."""
    return zipped({"data/tweets.js": b"[" + rng.choice([b" ", b"[", b"1,", b'"']) * 15_000_000}, Random(1))


def ends(data: bytes, rng: Random) -> bytes:
    """A deflated stream replaced by another one."""
    at = data.find(b"window.YTD")
    return data if at < 0 else data[:at] + zlib.compress(b"[" * 999) + data[at:]


_ZIP_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    *((claim,) * 12),
    *(
        claim_zip64,
        claim_zip64,
        claim_name,
        claim_name,
        overlap,
        double,
        comment,
        ends,
        break_bytes,
        break_bytes,
        break_bytes,
    ),
)
