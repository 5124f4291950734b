from __future__ import annotations

import json
import re
import tracemalloc
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import BadInput, NotFound, UserError
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference
from tests.bot.sources.formats.archives import make_zip, script
from trainer.corpus import Counts, Post, clean

PERSONAS = Path(__file__).parents[4] / "shared" / "data" / "personas"
SOURCE = FileSource()


async def fetch(path: Path, limit: int = 0) -> list[Post]:
    return await SOURCE.fetch(file_reference("pip", path), limit, unheard)


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
