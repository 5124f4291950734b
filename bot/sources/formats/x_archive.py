"""X's data archive: the zip, its folder, or its `tweets.js` alone.

    window.YTD.tweets.part0 = [ {"tweet": {"full_text": "…", "created_at": "…"}}, … ]

Older ones have no "tweet" around each post, or end in `;`. Of all its files only those with posts, long posts
(`x_notes`) and the account's own words about itself (`x_profile`) are opened: not deleted posts, nor messages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import IO

from bot.sources.formats.json_list import JsonText
from bot.sources.formats.members import Members, nearest
from bot.sources.formats.reading import Meter, Metered
from bot.sources.formats.x_notes import find_notes, read_notes
from bot.sources.formats.x_script import script_items
from bot.sources.posts import numbered, record_post
from trainer.corpus import Post

# With up to six digits: int() refuses thousands of them. Names are from 2022 on, and before.
_PARTS = (re.compile(r"tweets(?:-part([0-9]{1,6}))?\.js"), re.compile(r"tweet(?:-part([0-9]{1,6}))?\.js"))


def js_posts(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
    """The posts of a bare tweets.js, or of any JSON list of posts or strings. Raises BadInput."""
    text = JsonText(Metered(file, meter).read, name)
    yield from numbered(script_items(text, name, ("tweet", "tweets")), name, _tweet_post)


def posts_folder(names: Collection[str], name: str) -> str | None:
    """The folder that has the posts of an X archive, with a `/` at its end. Raises BadInput when several have."""
    found = {folder for path in names if (folder := _folder(path)) is not None}
    return nearest(found, name) if found else None


def archive_posts(members: Members, folder: str, name: str, meter: Meter) -> Iterator[Post]:
    """The posts of all parts, long ones in full. `name` is the archive's in messages. Raises BadInput."""
    parts, note_parts = _find_parts(members.names(), folder), find_notes(members.names(), folder)
    meter.start(sum(members.size(path) for path in [*parts, *note_parts]))
    notes = read_notes(members, note_parts, name, meter)
    for path in parts:
        with members.open(path) as script:
            yield from map(notes.whole, js_posts(script, f"{name}/{path}", meter))


def _folder(path: str) -> str | None:
    """Where a part is: in the archive's folder `data`, or in the archive itself when that is what was packed."""
    folder, slash, base = path.rpartition("/")
    if not any(part.fullmatch(base) for part in _PARTS) or folder.rpartition("/")[2] not in {"", "data"}:
        return None
    return folder + slash


def _find_parts(names: Collection[str], folder: str) -> list[str]:
    """In the order of their numbers. An archive unpacked over an older one has both kinds of names: the new count."""
    for pattern in _PARTS:
        here = {path: pattern.fullmatch(path.removeprefix(folder)) for path in names if path.startswith(folder)}
        numbers = {path: int(match[1] or 0) for path, match in here.items() if match}
        if numbers:
            return sorted(numbers, key=lambda path: (numbers[path], path))
    return []


def _tweet_post(item: object) -> Post:
    """X's `retweeted` is of no use: it is false on retweets, and true on posts that the account reposted itself."""
    return record_post(item.get("tweet", item) if isinstance(item, dict) else item)
