from __future__ import annotations

import json
import re
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import BadInput, NotFound, UserError
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference
from tests.bot.sources.archives import make_folder, make_zip, script
from trainer.corpus import Counts, Post, clean

PERSONAS = Path(__file__).parents[4] / "shared" / "data" / "personas"
SOURCE = FileSource()
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
OUTBOX = json.dumps(
    {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": "outbox.json",
        "type": "OrderedCollection",
        "orderedItems": [
            {
                "id": f"https://a.example/{text}",
                "type": "Create",
                "published": "2023-05-01T12:00:00Z",
                "to": [PUBLIC],
                "object": {"id": f"https://a.example/{text}", "type": "Note", "content": f"<p>{text}</p>"},
            }
            for text in ("one two", "three")
        ],
    }
)
RESULT = json.dumps(
    {
        "name": "Bob",
        "type": "personal_chat",
        "id": 5,
        "messages": [
            {"id": n, "type": "message", "date_unixtime": "1700000000", "from": who, "from_id": user, "text": text}
            for n, (who, user, text) in enumerate(
                [("Ann", "user1", "one two"), ("Bob", "user2", "secret"), ("Ann", "user1", "three")]
            )
        ],
    }
)
NO_ARCHIVE = "there is no data/tweets.js .* no outbox.json .* no result.json .*[.] Give me an X archive"


async def fetch(path: Path, limit: int = 0, part: str | None = None) -> list[Post]:
    return await SOURCE.fetch(replace(file_reference("pip", path), part=part), limit, unheard)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("archive.bin", script("one two", "three")),
        ("posts.json", script("one two", "three")),
        ("posts.csv", script("one two", "three")),
        ("tweets.js", script("one two", "three", prefix="")),
        ("posts.json", '\ufeff ["one two", {"text": "three"}]'),
        ("posts.json", '\n{"text": "one two"}\n{"text": "three"}\n'),
        ("posts.txt", '{"text": "one two"}\n"three"'),
        ("posts.jsonl", '"one two"\n"three"'),
        ("posts.NDJSON", '"one two"\n"three"'),
        ("posts.csv", "text\none two\nthree\n"),
        ("posts.TSV", "id\ttext\n1\tone two\n2\tthree\n"),
        ("posts.txt", "one two\nthree"),
        ("posts", "one two\nthree"),
        ("outbox.json", OUTBOX),
        ("outbox.txt", OUTBOX),
    ],
)
async def test_the_format_is_told_by_content_and_name(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    assert [post.text for post in await fetch(tmp_path / name)] == ["one two", "three"]


@pytest.mark.asyncio
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "content"), [("posts.json", '["one two", "three"]'), ("tweets", script("one two", "three"))]
)
async def test_the_format_is_told_in_any_encoding(tmp_path: Path, name: str, content: str, encoding: str) -> None:
    (tmp_path / name).write_text(content, encoding)
    assert [post.text for post in await fetch(tmp_path / name)] == ["one two", "three"]


@pytest.mark.asyncio
@pytest.mark.parametrize("make", [make_zip, make_folder])
@pytest.mark.parametrize("place", ["", "below/"])
@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("data/tweets.js", script("one two", "three"), None),
        ("outbox.json", OUTBOX, None),
        ("result.json", RESULT, "Ann"),
    ],
)
async def test_archives(
    tmp_path: Path,
    make: Callable[[Path, dict[str, str | bytes]], Path],
    place: str,
    name: str,
    content: str,
    part: str | None,
) -> None:
    path = make(tmp_path / "x", {place + name: content, "photos/a.jpg": b"x", "messages.html": "x"})
    assert [post.text for post in await fetch(path, part=part)] == ["one two", "three"]


@pytest.mark.asyncio
@pytest.mark.parametrize("make", [make_zip, make_folder])
@pytest.mark.parametrize("name", ["data/tweets.js", "outbox.json"])
async def test_progress_is_of_what_is_read(
    tmp_path: Path, make: Callable[[Path, dict[str, str | bytes]], Path], name: str
) -> None:
    content = (script("one two") if name == "data/tweets.js" else OUTBOX) + " " * 500_000
    path = make(tmp_path / "x", {name: content, "data/media.mp4": b"x" * 2_000_000})
    calls: list[tuple[int, int]] = []
    await SOURCE.fetch(file_reference("pip", path), 0, lambda done, total, wait=None: calls.append((done, total)))
    assert len(calls) > 3
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {len(content.encode())}
    assert calls[-1][0] == calls[-1][1]


@pytest.mark.asyncio
@pytest.mark.parametrize("make", [make_zip, make_folder])
@pytest.mark.parametrize("members", [{}, {"photo.jpg": b"x"}, {"data/like.js": "x"}, {"outbox.json/a": "x"}])
async def test_archives_of_no_use(
    tmp_path: Path, make: Callable[[Path, dict[str, str | bytes]], Path], members: dict[str, str | bytes]
) -> None:
    with pytest.raises(BadInput, match=f"^In x {NO_ARCHIVE}"):
        await fetch(make(tmp_path / "x", members))


@pytest.mark.asyncio
async def test_a_column_or_sender_is_handed_on(tmp_path: Path) -> None:
    (tmp_path / "posts.csv").write_text("id,quote\n1,one two\n2,three\n")
    assert [post.text for post in await fetch(tmp_path / "posts.csv", part="quote")] == ["one two", "three"]
    (tmp_path / "result.json").write_text(RESULT)
    assert [post.text for post in await fetch(tmp_path / "result.json", part="ann")] == ["one two", "three"]
    with pytest.raises(BadInput, match="Bob"):
        await fetch(tmp_path / "result.json")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "one"), ("a.jsonl", '"one"'), ("a.json", '["one"]'), ("a.js", script("one")), ("outbox.json", OUTBOX)],
)
async def test_a_part_of_what_has_none(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    paths = [tmp_path / name]
    if name == "a.js":
        paths += [make(tmp_path / f"x{n}", {"tweets.js": content}) for n, make in enumerate([make_zip, make_folder])]
    for path in paths:
        with pytest.raises(BadInput, match=rf"{path.name}.*no .*sender.*\.$"):
            await fetch(path, part="Ann")


@pytest.mark.asyncio
async def test_a_zip_needs_no_suffix(tmp_path: Path) -> None:
    assert [post.text for post in await fetch(make_zip(tmp_path / "upload", {"tweets.js": script("one")}))] == ["one"]


@pytest.mark.asyncio
async def test_brackets_in_plain_text(tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text("[sighs]\nok")
    assert [post.text for post in await fetch(tmp_path / "posts.txt")] == ["[sighs]", "ok"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("photo.jpg", b"\xff\xd8\xff\xe0abc", "looks like a binary file"),
        ("posts.gz", b"\x1f\x8b\x08\0\0", "looks like a binary file"),
        ("posts.json", b"[]", "There are no posts in posts.json"),
        ("posts.csv", b"text\n", "There are no posts in posts.csv"),
        ("posts.json", b'{\n  "posts": []\n}', "posts.json"),
        ("messages.html", b" <!DOCTYPE html>\n<html>", "messages.html is a web page"),
        ("x.zip", b"PK\x03\x04 and nothing more", "x.zip is damaged"),
    ],
)
async def test_files_of_no_use(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=message):
        await fetch(tmp_path / name)


def test_references_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a:b.txt").write_text("hello")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = AccountSource("pip", f"file:{tmp_path}/a:b.txt")
    assert file_reference("pip", "a:b.txt") == file_reference("pip", "~/a:b.txt") == expected


@pytest.mark.parametrize("path", ["/nowhere/x.txt", "\0", "a\udc80", "~nobody-here/x", "/dev/zero"])
def test_paths_of_no_use(path: str) -> None:
    with pytest.raises(UserError):
        file_reference("pip", path)


def test_folders_have_references(tmp_path: Path) -> None:
    assert file_reference("pip", tmp_path) == AccountSource("pip", f"file:{tmp_path}")


@pytest.mark.asyncio
async def test_names_in_messages_are_harmless(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[2J\n.json").write_text("[7]")
    with pytest.raises(BadInput, match=re.escape("a?[2J?.json, post 1: it is a number")):
        await fetch(tmp_path / "a\x1b[2J\n.json")


@pytest.mark.asyncio
async def test_a_file_that_went_away(tmp_path: Path) -> None:
    (tmp_path / "posts.txt").write_text("hello")
    account = file_reference("pip", tmp_path / "posts.txt")
    (tmp_path / "posts.txt").unlink()
    with pytest.raises(NotFound, match="There is no file"):
        await SOURCE.fetch(account, 0, unheard)


@pytest.mark.asyncio
@pytest.mark.parametrize("suffix", ["jsonl", "json", "txt", "csv"])
async def test_large_files_take_little_memory(tmp_path: Path, suffix: str) -> None:
    text = "some words of a post " * 90
    lines = {
        "jsonl": json.dumps({"text": text, "created_at": "2020-01-01"}) + "\n",
        "json": json.dumps({"text": text}) + ",\n",
        "txt": text + "\n",
        "csv": f'1,"{text}\n{text}"\n',
    }
    start, end = {"json": ("[", '"end"]'), "csv": ("id,text\n", "")}.get(suffix, ("", ""))
    path = tmp_path / f"posts.{suffix}"
    path.write_text(start + lines[suffix] * (30 * 2**20 // len(lines[suffix])) + end)
    tracemalloc.start()
    try:
        assert len(await fetch(path, limit=100)) == 100
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.asyncio
@pytest.mark.skipif(not PERSONAS.is_dir(), reason="the reference accounts are not here")
@pytest.mark.parametrize(
    ("handle", "counts"),
    [
        ("berniesanders", Counts(3200, 0, 12, 3188, 357_564)),
        ("hillaryclinton", Counts(3200, 678, 117, 2405, 237_739)),
    ],
)
async def test_the_reference_accounts_count_as_in_the_recipe(handle: str, counts: Counts) -> None:
    assert clean(handle, await fetch(PERSONAS / f"{handle}.jsonl", 3200)).counts == counts
