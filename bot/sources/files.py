"""Posts from a file that a person names. Which format it has is told by its first bytes, then by its name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from bot.domain import AccountSource, Profile
from bot.errors import BadInput
from bot.ports import FetchProgress
from bot.sources.lines import jsonl_posts, plain_posts
from bot.sources.reading import Meter, Reader, check_file, fetch_file
from bot.sources.table import csv_posts
from bot.sources.x_archive import js_posts, zip_posts
from bot.texts import Text
from trainer.corpus import Post

SCHEME = "file"

_HEAD = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BY_SUFFIX: dict[str, Reader] = {
    ".csv": csv_posts,
    ".tsv": csv_posts,
    ".jsonl": jsonl_posts,
    ".ndjson": jsonl_posts,
}


class FileSource:
    """References are `file:/absolute/path`."""

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """None: a file is always named explicitly (see `file_reference`)."""
        return None

    async def profile(self, account: AccountSource) -> Profile | None:
        return None

    def at_hand(self) -> list[AccountSource]:
        return []  # a person's file is read when they ask for it

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The file's latest `limit` posts. Raises NotFound or BadInput."""
        scheme, _, path = account.reference.partition(":")
        if scheme != SCHEME or not path:
            raise BadInput(
                Text("The posts of @{handle} are not in a file. Name one with --from FILE.", handle=account.handle)
            )
        return await fetch_file(Path(path), any_posts, limit, progress)


def file_reference(handle: str, path: str | Path) -> AccountSource:
    """Name a file as the place of an account's posts. Raises NotFound or BadInput when it can't be read."""
    try:
        absolute = Path(path).expanduser().absolute()
        str(absolute).encode("utf-8")
        check_file(absolute)
    except (ValueError, RuntimeError):  # a NUL or a broken character in the name; `~` of nobody
        raise BadInput(
            Text("{path} can't be the name of a file. Rename the file and give its whole path.", path=repr(str(path)))
        ) from None
    return AccountSource(handle, f"{SCHEME}:{absolute}")


def any_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """The posts of a file in any format of `reading.FORMATS`. Raises BadInput."""
    head = file.read(_HEAD)
    file.seek(0)
    return _reader(head, Path(name).suffix.lower())(file, name, meter)


def _reader(head: bytes, suffix: str) -> Reader:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(_ZIP):
        return zip_posts
    if text.startswith(b"window.YTD."):
        return js_posts
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    if text.startswith(b"[") and suffix in {".json", ".js"}:  # in plain text, a [ is a post's own
        return js_posts
    return jsonl_posts if text.startswith(b"{") else plain_posts
