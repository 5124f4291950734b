"""X's data archive: the zip, or its `tweets.js` alone. Nothing is ever written to disk.

    window.YTD.tweets.part0 = [ {"tweet": {"full_text": "…", "created_at": "…"}}, … ]

Older ones have no "tweet" around each post, or end in `;`. Sizes are counted as bytes come out, never believed.
"""

from __future__ import annotations

import errno
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from bot.errors import BadInput
from bot.sources.json_list import JsonText
from bot.sources.posts import Broken, record_post
from bot.sources.reading import Meter, Metered
from bot.texts import Text
from trainer.corpus import Post

MAX_UNPACKED = 1024**3  # bytes, over all members that are read

_MEMBER = re.compile(r"tweets?(?:-part(\d+))?\.js")
_PREFIX = re.compile(r"window\.YTD\.(\w+)\.part\d+\s*=\s*")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def js_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """The posts of a bare tweets.js, or of any JSON list of posts or strings. Raises BadInput."""
    return _script_posts(JsonText(Metered(file, meter).read, name), name)


def zip_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """The posts of an archive. Raises BadInput when it is damaged, encrypted, too large, or has none."""
    with _explained(name), zipfile.ZipFile(file) as archive:
        members = _members(archive)
        if not members:
            raise BadInput(
                Text("There is no data/tweets.js in {name}. Give me the zip that X made of your data.", name=name)
            )
        meter.start(sum(member.file_size for member in members))
        for member in members:
            _check_readable(member, name)
            with archive.open(member) as script:
                text = JsonText(_Unpacked(script, meter, name).read, member.filename)
                yield from _script_posts(text, member.filename)


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The parts of tweets.js in their order. Of two members with one name the last counts, as when unpacking."""
    found: dict[str, tuple[int, zipfile.ZipInfo]] = {}
    for member in archive.infolist():
        *folders, base = member.filename.split("/")
        part = _MEMBER.fullmatch(base)
        if part and ".." not in folders and (not folders or folders[-1] == "data") and folders[:1] != [""]:
            found[member.filename] = int(part[1] or 0), member
    return [member for _, member in sorted(found.values(), key=lambda item: item[0])]


def _check_readable(member: zipfile.ZipInfo, name: str) -> None:
    if member.flag_bits & 0x1:
        raise BadInput(
            Text(
                "{name} is protected by a password. Unpack it and give me the tweets.js of its data folder.", name=name
            )
        )
    if member.compress_type not in _METHODS:  # X's are deflated; others may take any amount of memory
        raise BadInput(
            Text(
                "{name} is packed in a way I don't read. Unpack it and give me the tweets.js of its data folder.",
                name=name,
            )
        )


class _Unpacked(Metered):
    """A zip member that gives up when an archive unpacks to more than any archive of posts would."""

    def __init__(self, file: IO[bytes], meter: Meter, name: str) -> None:
        super().__init__(file, meter)
        self._name = name

    def _counted(self, data: bytes) -> bytes:
        if self._meter.done + len(data) > MAX_UNPACKED:
            raise BadInput(
                Text(
                    "The posts in {name} unpack to more than {limit:,} MiB. Give me its tweets.js by itself.",
                    name=self._name,
                    limit=MAX_UNPACKED // 1024**2,
                )
            )
        return super()._counted(data)


def _script_posts(text: JsonText, name: str) -> Iterator[Post]:
    if text.peek() == "w":
        prefix = _PREFIX.match(text.text, text.at)
        if prefix is None or prefix[1] not in {"tweet", "tweets"}:
            raise BadInput(
                Text(
                    "{name} is not the part of an X archive that has the posts. Give me its data/tweets.js.", name=name
                )
            )
        text.at = prefix.end()
    for number, item in enumerate(text.items(), start=1):
        try:
            yield _tweet_post(item)
        except Broken as error:
            raise BadInput(
                Text(
                    "{name}, post {number:,}: {wrong}. Fix this post or take it out.",
                    name=name,
                    number=number,
                    wrong=error.text,
                )
            ) from None


def _tweet_post(item: object) -> Post:
    """X's `retweeted` is of no use: it is false on retweets, and true on posts that the account reposted itself."""
    return record_post(item.get("tweet", item) if isinstance(item, dict) else item)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Everything that zipfile raises for a damaged file, as BadInput."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError) as error:
        raise _damaged(name, str(error) or Text("it ends too early")) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a header that points to before the file's start; others are the disk's
            raise
        raise _damaged(name, Text("its parts are not where it says")) from error


def _damaged(name: str, wrong: str) -> BadInput:
    return BadInput(
        Text(
            "{name} is damaged ({wrong}). Download the archive from X again, or give me the tweets.js of its data "
            "folder.",
            name=name,
            wrong=wrong,
        )
    )
