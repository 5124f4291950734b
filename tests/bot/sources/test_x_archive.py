from __future__ import annotations

import contextlib
import json
import re
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources import json_list, x_archive
from bot.sources.x_archive import js_posts, zip_posts
from tests.bot.sources.archives import claim_encrypted, claim_size, make_zip, read, script


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


def unpack(path: Path, members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> list[str]:
    return [post.text for post in read(make_zip(path, members, method), zip_posts)]


def fails(path: Path, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        read(path, zip_posts)


@pytest.mark.parametrize(
    "content",
    [
        script("one", "RT @pip: two"),
        script("one", "RT @pip: two", wrapped=False),
        script("one", "RT @pip: two", end=";\n"),
        script("one", "RT @pip: two", prefix="\ufeffwindow.YTD.tweet.part0="),
        script("one", "RT @pip: two", prefix=" window.YTD.tweets.part12 =\n"),
        script("one", "RT @pip: two", prefix=""),
    ],
)
def test_tweets_js(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tweets.js"
    path.write_text(content, "utf-8")
    posts = read(path, js_posts)
    assert [(post.text, post.is_retweet) for post in posts] == [("one", False), ("RT @pip: two", True)]
    assert posts[0].created_at is not None
    assert posts[0].created_at.isoformat() == "2018-10-10T20:19:24+00:00"


def test_retweeted_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    tweets = [{"full_text": "mine", "retweeted": True}, {"full_text": "RT @pip: his", "retweeted": False}]
    path.write_text("window.YTD.tweets.part0 = " + json.dumps(tweets))
    assert [post.is_retweet for post in read(path, js_posts)] == [False, True]


@pytest.mark.parametrize("prefix", ["window.YTD.like.part0 = ", "window.YTD.direct_messages.part0 = ", "window.x = "])
def test_other_parts_of_an_archive_are_refused(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "other.js"
    path.write_text(script("one", prefix=prefix))
    with pytest.raises(BadInput, match=r"other.js is not the part .* has the posts. Give me its data/tweets.js"):
        read(path, js_posts)


@pytest.mark.parametrize("item", ["7", "null", "[]", '{"tweet": {}}', '{"tweet": null}', '{"tweet": {"full_text": 3}}'])
def test_what_is_not_a_post_is_named(tmp_path: Path, item: str) -> None:
    path = tmp_path / "tweets.js"
    path.write_text('window.YTD.tweets.part0 = [{"tweet": {"full_text": "a"}}, ' + item + "]")
    with pytest.raises(BadInput, match=r"tweets.js, post 2: it"):
        read(path, js_posts)


def test_a_cut_download(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    path.write_text(script(*["some words"] * 100)[:-30])
    with pytest.raises(BadInput, match=r"after post 99 \(Unterminated.*may be cut short. Download or save"):
        read(path, js_posts)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["data/tweets.js", "tweets.js", "x-2026-10/data/tweets.js", "data/tweet.js"])
def test_where_an_archive_has_its_posts(path: Path, name: str, method: int) -> None:
    members = {"data/like.js": "x", name: script("one"), "assets/tweets.js": "x", "data/tweets.js.map": "x"}
    assert unpack(path, members, method) == ["one"]


def test_parts_in_their_order(path: Path) -> None:
    names = ["tweets-part10.js", "tweets-part2.js", "tweets.js"]
    assert unpack(path, {f"data/{name}": script(name) for name in names}) == names[::-1]


def test_members_that_lead_elsewhere_are_ignored(path: Path) -> None:
    bad = ["../data/tweets.js", "/data/tweets.js", "/tweets.js", "a/../data/tweets.js", "data/../tweets.js"]
    assert unpack(path, {**{name: script("evil") for name in bad}, "data/tweets.js": script("good")}) == ["good"]
    make_zip(path, {name: script("evil") for name in bad})
    fails(path, "There is no data/tweets.js in x.zip. Give me the zip that X made of your data.")


def test_no_posts_in_a_zip(path: Path) -> None:
    for members in ({}, {"photo.jpg": b"x"}, {"data/tweets.js/": ""}, {"data\\tweets.js": "x"}):
        make_zip(path, members)
        fails(path, "There is no data/tweets.js in x.zip")


def test_a_truncated_zip(path: Path) -> None:
    data = make_zip(path, {"data/tweets.js": script(*map(str, range(999)))}).read_bytes()
    for length in (len(data) // 2, len(data) - 1, 30):
        path.write_bytes(data[:length])
        fails(path, "x.zip is damaged (File is not a zip file). Download the archive from X again")


def test_a_wrong_checksum(path: Path) -> None:
    make_zip(path, {"data/tweets.js": script("hello there")}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    fails(path, "x.zip is damaged (Bad CRC-32 for file 'data/tweets.js')")


def test_parts_before_the_files_start(path: Path) -> None:
    data = bytearray(make_zip(path, {"data/tweets.js": script("one")}).read_bytes())
    place = data.find(b"PK\x05\x06") + 16  # where the directory starts: further on, so that the member is before 0
    struct.pack_into("<I", data, place, struct.unpack_from("<I", data, place)[0] + 100)
    path.write_bytes(data)
    fails(path, "x.zip is damaged")


def test_an_encrypted_zip(path: Path) -> None:
    claim_encrypted(make_zip(path, {"data/tweets.js": script("one")}))
    fails(path, "x.zip is protected by a password. Unpack it and give me the tweets.js")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(path: Path, method: int) -> None:
    make_zip(path, {"data/tweets.js": script("one")}, method)
    fails(path, "x.zip is packed in a way I don't read. Unpack it")


def bomb(path: Path, opening: bytes, filling: bytes, n_bytes: int) -> Path:
    return make_zip(path, {"data/tweets.js": opening + filling * (n_bytes // len(filling))})


@pytest.mark.parametrize("size", [None, 10, 2**32 - 2])
def test_a_bomb_is_stopped_by_what_it_unpacks_to(path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None) -> None:
    """Whatever its headers claim, in little memory."""
    bomb(path, b"[", b'{"full_text":"words and words and words"},', 40 * 2**20)
    if size is not None:
        claim_size(path, size)
    monkeypatch.setattr(x_archive, "MAX_UNPACKED", 2 * 2**20)
    tracemalloc.start()
    try:
        fails(path, "x.zip is damaged" if size == 10 else "The posts in x.zip unpack to more than 2 MiB. Give me its")
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20  # the posts read so far, and buffers
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("filling", [b"[", b"a", b" ", b"\\u0041"])
def test_a_single_endless_post(path: Path, filling: bytes) -> None:
    bomb(path, b'[{"tweet": {"full_text": "' if filling != b"[" else b"[", filling, 60 * 2**20)
    tracemalloc.start()
    try:
        fails(path, "recursion" if filling == b"[" else "is over 4 MiB, which is no post")
        assert tracemalloc.get_traced_memory()[1] < 12 * json_list.MAX_ITEM
    finally:
        tracemalloc.stop()


def test_parts_count_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"data/tweets-part{part}.js": script(*["some words"] * 99) for part in range(1, 9)}
    monkeypatch.setattr(x_archive, "MAX_UNPACKED", 3 * len(members["data/tweets-part1.js"]))
    make_zip(path, members)
    fails(path, "unpack to more than")


def test_large_archives_are_quick(path: Path) -> None:
    """A hundred thousand posts take seconds, not minutes."""
    make_zip(path, {"data/tweets.js": script(*["some words of a post"] * 100_000)})
    start = time.monotonic()
    assert len(read(path, zip_posts)) == 100_000
    assert time.monotonic() - start < 30


@given(st.data())
def test_damage_anywhere_is_told_not_thrown(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = make_zip(tmp_path_factory.mktemp("zip") / "x.zip", {"data/tweets.js": script(*["some words"] * 9)})
    content = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=4)):
        content[position] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(BadInput):
        assert len(read(path, zip_posts)) <= 9
