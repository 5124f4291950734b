from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.formats import lines
from bot.sources.formats.lines import jsonl_posts, plain_posts
from bot.sources.formats.reading import Reader
from tests.bot.sources.formats.archives import read
from trainer.corpus import Post


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "posts.txt"


def texts(path: Path, content: bytes, reader: Reader = plain_posts) -> list[str]:
    path.write_bytes(content)
    return [post.text for post in read(path, reader)]


def fails(path: Path, content: bytes, message: str, reader: Reader = plain_posts) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        texts(path, content, reader)


def test_one_post_a_line(path: Path) -> None:
    assert texts(path, "ein\r\n\n   \n zwei 🌊 \nRT @pip: drei".encode()) == ["ein", "zwei 🌊", "RT @pip: drei"]
    assert read(path, plain_posts)[2].is_retweet


def test_a_bom_is_no_text(path: Path) -> None:
    assert texts(path, "\ufeffhello\nyou".encode()) == ["hello", "you"]


def test_only_newlines_end_a_line(path: Path) -> None:
    assert texts(path, "a\u2028b\x85c\nd".encode()) == ["a\u2028b\x85c", "d"]


def test_other_encodings(path: Path) -> None:
    """More of them in test_encoding."""
    assert texts(path, b"fine\nna\xefve\n") == ["fine", "naïve"]
    assert texts(path, b"\xef\xbb\xbfna\xc3\xafve\n") == ["naïve"]


def test_what_is_in_no_encoding(path: Path) -> None:
    fails(path, b"fine\n\x81\x8d\n", "posts.txt, line 2: this is not UTF-8 text. Save the file as UTF-8")
    fails(path, "{}\n{}".encode("utf-16") + b"\x00\xd8", "posts.txt, line 1: it has neither", jsonl_posts)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf_16(path: Path, encoding: str, mark: str) -> None:
    content = (mark + "hello\r\nnaïve\n").encode(encoding)
    assert texts(path, content) == ["hello", "naïve"]
    assert texts(path, (mark + '"a"\n{"text": "b"}').encode(encoding), jsonl_posts) == ["a", "b"]


@pytest.mark.parametrize("content", [b"a\0b\n", b"fine\na\0b", b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n"])
def test_binary_files(path: Path, content: bytes) -> None:
    fails(path, content, "posts.txt looks like a binary file. Give me an X archive")


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08abc", b"\x1f\x8b\x08\0\n", b"BZh91AY", b"Rar!\x1a"])
def test_packed_files(path: Path, content: bytes) -> None:
    fails(path, content, "posts.txt looks like a binary file, packed in a way I don't read. Unpack it and give me")


def test_long_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fails(path, b"a\n" + b"x" * (2**20 + 1), "line 2: it is longer than 1 MiB")
    fails(path, b"x" * 200_000, "line 1: its text has 200,000 characters")
    monkeypatch.setattr(lines, "MAX_LINE", 4)
    assert texts(path, b"abc\nabc\n") == ["abc", "abc"]


def test_jsonl(path: Path) -> None:
    content = b"""
        {"text": "one", "is_retweet": true, "created_at": "2016-12-07T22:59:20+00:00"}

        "two"
        {"full_text": "RT @pip: three", "created_at": "Wed Oct 10 20:19:24 +0000 2018", "extra": [1, {}]}
    """
    assert set(texts(path, content, jsonl_posts)) == {"one", "two", "RT @pip: three"}
    posts = read(path, jsonl_posts)
    assert [(post.text, post.is_retweet) for post in posts] == [("RT @pip: three", True), ("one", True), ("two", False)]
    assert posts[0].created_at is not None
    assert posts[0].created_at.year == 2018


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "a', "posts.txt, line 2: this is not JSON (Unterminated string starting at, column 10)"),
        (b'{"text": "a"} x', "line 2: this is not JSON (Extra data"),
        (b"hello", "line 2: this is not JSON"),
        (b"[1]", "line 2: it is a list, not an object with a text"),
        (b"{}", "line 2: it has neither `text` nor `full_text`"),
        (b'{"text": 3}', "line 2: its text is a number, not a string"),
        (b"[" * 100_000, "line 2: it is nested too deeply"),
        (b'{"text": "a", "id": ' + b"9" * 5000 + b"}", "line 2: Exceeds the limit"),
    ],
)
def test_broken_lines_are_named(path: Path, line: bytes, message: str) -> None:
    fails(path, b'{"text": "fine"}\n' + line + b'\n{"text": "fine"}', message, jsonl_posts)


@given(st.lists(st.text(max_size=50)))
def test_jsonl_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, posts: list[str]) -> None:
    path = tmp_path_factory.mktemp("jsonl") / "posts.jsonl"
    path.write_text("".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in posts), "utf-8")
    assert read(path, jsonl_posts) == [Post(text, text.startswith("RT @")) for text in posts]
