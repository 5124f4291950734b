"""Builders of the files that the tests read, sound and otherwise."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bot.ports import unheard
from bot.sources.files import any_posts
from bot.sources.formats.members import Members, zip_members
from bot.sources.formats.paths import explained
from bot.sources.formats.reading import Meter, Reader, check_file
from bot.sources.latest import latest
from trainer.corpus import Post

DATE = "Wed Oct 10 20:19:24 +0000 2018"


def read(path: Path, reader: Reader) -> list[Post]:
    """All posts of a file through one reader, without a thread."""
    with path.open("rb") as file:
        meter = Meter(unheard)
        meter.start(path.stat().st_size)
        return latest(reader(file, path.name, meter), 0)


def read_any(path: Path, part: str | None = None, limit: int = 0) -> list[Post]:
    """A file's or folder's latest posts, whatever its format, without a thread."""
    check_file(path)
    with explained(path):
        return latest(any_posts(path, Meter(unheard), part), limit)


@contextmanager
def unzipped(path: Path, meter: Meter | None = None) -> Iterator[Members]:
    with path.open("rb") as file, zip_members(file, path.name, meter or Meter(unheard)) as members:
        yield members


def script(*texts: str, prefix: str = "window.YTD.tweets.part0 = ", wrapped: bool = True, end: str = "") -> str:
    tweets = [{"full_text": text, "created_at": DATE, "retweeted": False} for text in texts]
    return prefix + json.dumps([{"tweet": tweet} for tweet in tweets] if wrapped else tweets) + end


def notes_script(*notes: tuple[str, str]) -> str:
    """A note-tweet.js of (date, text)."""
    items = [{"noteTweet": {"noteTweetId": "1", "createdAt": date, "core": {"text": text}}} for date, text in notes]
    return f"window.YTD.note_tweet.part0 = {json.dumps(items)}"


def make_folder(path: Path, members: Mapping[str, str | bytes]) -> Path:
    path.mkdir(exist_ok=True)
    for name, content in members.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def make_zip(path: Path, members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def patch_headers(path: Path, change: Callable[[bytearray, int, int], None]) -> Path:
    """Call `change(data, offset, shift)` at every header; `shift` is what a central header's fields are further on."""
    data = bytearray(path.read_bytes())
    for magic, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        offset = data.find(magic)
        while offset >= 0:
            change(data, offset, shift)
            offset = data.find(magic, offset + 4)
    path.write_bytes(data)
    return path


def claim_size(path: Path, size: int) -> Path:
    """Make every member say that it unpacks to `size` bytes."""
    return patch_headers(path, lambda data, at, shift: struct.pack_into("<I", data, at + shift + 22, size))


def claim_encrypted(path: Path) -> Path:
    return patch_headers(path, lambda data, at, shift: struct.pack_into("<H", data, at + shift + 6, 1))
