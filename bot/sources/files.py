"""Posts from a file or folder that a person names. Which format it has is told by its first bytes, then by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import IO

from bot.domain import About, AccountSource, Outlook, Profile
from bot.errors import BadInput, UserError
from bot.ports import FetchProgress, unheard
from bot.sources.formats.archives import archive_posts, archive_profile, refuse_part
from bot.sources.formats.json_object import is_object, object_posts
from bot.sources.formats.lines import jsonl_posts, plain_posts
from bot.sources.formats.members import folder_members, zip_members
from bot.sources.formats.paths import shown
from bot.sources.formats.reading import Meter, Reader, check_file, fetch_path, opened
from bot.sources.formats.table import csv_posts
from bot.sources.formats.x_archive import js_posts
from bot.texts import Text
from trainer.corpus import Post

SCHEME = "file"

_HEAD = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_PAGES = (b"<!doctype html", b"<html")
_TABLES = (".csv", ".tsv")
_LINES = (".jsonl", ".ndjson")


class FileSource:
    """References are `file:/absolute/path`."""

    @property
    def about(self) -> About:
        return About(
            name="Files",
            state="on",
            example="/train @alice --from FILE: an X or Mastodon archive, a Telegram Desktop export (result.json), "
            "JSONL, a JSON list, CSV, plain text",
            cost="none",
            login="none",
            terms="A person's own archive is theirs to give. Of an exported chat only the person's own messages are "
            "read. Discord forbids training on messages read from it, so there is no such source.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """None: a file is always named explicitly (see `file_reference`)."""
        return None

    async def here(self, account: AccountSource) -> list[Post]:
        return []

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        return Outlook(account)

    async def profile(self, account: AccountSource) -> Profile | None:
        """What an archive says of its owner; None where it says nothing, or can't be read."""
        meter = Meter(unheard)
        try:
            return await asyncio.to_thread(_profile, _path(account), meter)
        except (UserError, OSError):  # the posts are what counts, and reading them tells what is wrong
            return None
        finally:
            meter.stop()

    def at_hand(self) -> list[AccountSource]:
        return []  # a person's file is read when they ask for it

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The latest `limit` posts of the file or folder. Raises NotFound or BadInput."""
        return await fetch_path(_path(account), partial(any_posts, part=account.part), limit, progress)


def _path(account: AccountSource) -> Path:
    scheme, _, path = account.reference.partition(":")
    if scheme != SCHEME or not path:
        raise BadInput(
            Text("The posts of @{handle} are not in a file. Name one with --from FILE.", handle=account.handle)
        )
    return Path(path)


def file_reference(handle: str, path: str | Path) -> AccountSource:
    """Name a file or folder as the place of an account's posts. Raises NotFound or BadInput when it can't be read."""
    try:
        absolute = Path(path).expanduser().absolute()
        str(absolute).encode("utf-8")
        check_file(absolute)
    except (ValueError, RuntimeError):  # a NUL or a broken character in the name; `~` of nobody
        raise BadInput(
            Text("{path} can't be the name of a file. Rename the file and give its whole path.", path=repr(str(path)))
        ) from None
    return AccountSource(handle, f"{SCHEME}:{absolute}")


def any_posts(path: Path, meter: Meter, part: str | None = None) -> Iterator[Post]:
    """The posts of a file in any format of `reading.FORMATS`, or of an archive's folder. Raises BadInput or OSError.

    `part`: which column of a table, or whose messages of a chat.
    """
    name = shown(path)
    if path.is_dir():
        yield from archive_posts(folder_members(path, meter), name, meter, part)
        return
    with opened(path, meter) as file:
        head = file.read(_HEAD)
        file.seek(0)
        yield from _reader(head, path.suffix.lower(), part)(file, name, meter)


def _reader(head: bytes, suffix: str, part: str | None) -> Reader:
    start = _start(head)
    if head.startswith(_ZIP):
        return partial(_zip_posts, part=part)
    if start[: len(_PAGES[0])].lower().startswith(_PAGES):
        return _web_page
    if not start.startswith(b"window.YTD."):
        if suffix in _TABLES:
            return partial(csv_posts, part=part)
        if suffix not in _LINES and start.startswith(b"{") and is_object(head):
            return partial(object_posts, part=part)
    return partial(_undivided_posts, reader=_undivided(start, suffix), part=part)


def _start(head: bytes) -> bytes:
    """The first characters, whatever encoding of Unicode they are in."""
    bom = next((bom for bom in _BOMS if head.startswith(bom)), b"")
    return head.removeprefix(bom).replace(b"\0", b"").lstrip()


def _undivided(start: bytes, suffix: str) -> Reader:
    """The reader of a format that has one author and one text in each post."""
    # In plain text, a [ is a post's own.
    if start.startswith(b"window.YTD.") or (start.startswith(b"[") and suffix in {".json", ".js"}):
        return js_posts
    return jsonl_posts if suffix in _LINES or start.startswith(b"{") else plain_posts


def _undivided_posts(file: IO[bytes], name: str, meter: Meter, reader: Reader, part: str | None) -> Iterator[Post]:
    refuse_part(part, name)
    return reader(file, name, meter)


def _web_page(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """For those who give the page that an archive is looked at with."""
    raise BadInput(
        Text(
            "{name} is a web page. Give me what has the posts: of an X archive data/tweets.js, of Telegram Desktop an "
            "export as JSON.",
            name=name,
        )
    )


def _zip_posts(file: IO[bytes], name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    with zip_members(file, name, meter) as members:
        yield from archive_posts(members, name, meter, part)


def _profile(path: Path, meter: Meter) -> Profile | None:
    if path.is_dir():
        return archive_profile(folder_members(path, meter), shown(path))
    with path.open("rb") as file:
        if not file.read(_HEAD).startswith(_ZIP):
            return None
        with zip_members(file, shown(path), meter) as members:
            return archive_profile(members, shown(path))
