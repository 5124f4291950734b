"""Files and folders of every format, broken in every way: a format and a seed make a case, the same one every time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path
from random import Random

from bot.domain import Profile
from bot.errors import BadInput, NotFound
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference
from bot.sources.formats.paths import shown
from tests.bot.sources.formats.breaking import contents
from tests.bot.sources.formats.breaking.folders import break_folder
from tests.bot.sources.formats.breaking.octets import break_bytes
from tests.bot.sources.formats.breaking.zips import bomb, break_members, break_zip, zipped
from trainer.corpus import Post

WAYS_OUT = (
    *("Give", "Save", "Fix", "Unpack", "Download", "Copy", "Name", "Write", "Look", "Check", "Make", "Rename", "Leave"),
    *("Every line has to be", "Take", "Export", "--sender", "I read"),
)

Maker = Callable[[Path, Random], "Case"]


@dataclass(frozen=True, slots=True)
class Case:
    path: Path
    part: str | None = None


def make_case(kind: str, seed: int, folder: Path) -> Case:
    """One of FORMATS, in an empty folder."""
    rng = Random(f"{kind} {seed}")
    return FORMATS[kind](folder, rng)


def outcome(case: Case) -> str:
    """ "read" or "refused", both as they should be. Raises AssertionError, or whatever reading the case raises."""
    try:
        posts, profile = asyncio.run(_fetch(case))
    except (BadInput, NotFound) as error:
        check_message(str(error), case.path)
        return "refused"
    assert posts
    for post in posts:
        check_post(post)
    if profile is not None:
        check_profile(profile)
    return "read"


async def _fetch(case: Case) -> tuple[list[Post], Profile | None]:
    account = replace(file_reference("pip", case.path), part=case.part)
    profile = await FileSource().profile(account)
    return await FileSource().fetch(account, 3200, unheard), profile


def check_message(message: str, path: Path) -> None:
    """Whole sentences that can be shown, name the file, and say what to do."""
    assert message.endswith((".", ": no posts")), message
    assert message.isprintable(), repr(message)
    assert len(message) < 2500, message
    assert shown(path) in message, message
    assert any(way in message for way in WAYS_OUT), message


def check_post(post: Post) -> None:
    post.text.encode()
    assert len(post.text) <= 100_000
    assert post.created_at is None or post.created_at.tzinfo is UTC
    assert post.id is None or post.id.encode()
    assert post.language is None or post.language.isascii()


def check_profile(profile: Profile) -> None:
    assert profile.name.strip()
    (profile.name + profile.bio).encode()
    assert len(profile.name) + len(profile.bio) < 20_000
    assert profile.avatar is None or profile.avatar.startswith((b"\x89PNG", b"\xff\xd8\xff"))


def _file(content: Callable[[Random], bytes], names: Sequence[str], part: str | None = None) -> Maker:
    def make(folder: Path, rng: Random) -> Case:
        path = folder / rng.choice(names)
        path.write_bytes(break_bytes(content(rng), rng))
        return Case(path, _part(rng, part))

    return make


def _zip(members: Callable[[Random], dict[str, bytes]], part: str | None = None) -> Maker:
    def make(folder: Path, rng: Random) -> Case:
        path = folder / rng.choice(["x.zip", "x.zip", "data", "a\x1b\u202e.zip"])
        data = zipped(break_members(_bytes_broken(members(rng), rng), rng), rng)
        path.write_bytes(bomb(data, rng) if rng.random() < 0.002 else break_zip(data, rng))
        return Case(path, _part(rng, part))

    return make


def _folder(members: Callable[[Random], dict[str, bytes]], part: str | None = None) -> Maker:
    def make(folder: Path, rng: Random) -> Case:
        path = folder / rng.choice(["x", "x.zip", "a\n\u202e"])
        break_folder(path, break_members(_bytes_broken(members(rng), rng), rng), rng)
        return Case(path, _part(rng, part))

    return make


def _bytes_broken(members: dict[str, bytes], rng: Random) -> dict[str, bytes]:
    return {name: break_bytes(data, rng) if rng.random() < 0.3 else data for name, data in members.items()}


def _part(rng: Random, part: str | None) -> str | None:
    """`part`, or sometimes another column or sender."""
    parts = ["Ann", "@ANN", "user1", "text", "2", "0", "-1", "9" * 5000, "nobody", "", " ", "\x1b[2J", "x" * 3000]
    return rng.choice(parts) if rng.random() < 0.08 else part


FORMATS: dict[str, Maker] = {
    "X archive, zip": _zip(contents.x_members),
    "X archive, folder": _folder(contents.x_members),
    "tweets.js": _file(contents.tweets, ["tweets.js", "tweets.js", "a.json", "a.txt", "a.csv", "a"]),
    "Mastodon, zip": _zip(contents.mastodon_members),
    "Mastodon, folder": _folder(contents.mastodon_members),
    "outbox.json": _file(contents.outbox, ["outbox.json", "outbox.json", "a.txt", "a.jsonl"]),
    "Telegram, zip": _zip(contents.telegram_members, "Ann"),
    "Telegram, folder": _folder(contents.telegram_members, "user1"),
    "result.json": _file(contents.result, ["result.json", "result.json", "a.txt"], "@ANN"),
    "result.json, no sender": _file(contents.result, ["result.json"]),
    "JSONL": _file(contents.jsonl, ["posts.jsonl", "posts.ndjson", "posts.txt", "posts.json"]),
    "JSON list": _file(contents.json_list, ["posts.json", "posts.json", "posts.js", "posts.txt"]),
    "CSV": _file(contents.table, ["posts.csv", "posts.csv", "posts.tsv", "posts.txt"]),
    "CSV, a column": _file(contents.table, ["posts.csv"], "text"),
    "text": _file(contents.text, ["posts.txt", "posts.txt", "posts", "posts.html", "x\x1b[2J.txt"]),
}
