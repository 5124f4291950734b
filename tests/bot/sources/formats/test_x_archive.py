from __future__ import annotations

import json
import re
import tracemalloc
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.sources.formats import json_list, unzip
from bot.sources.formats.x_archive import js_posts
from tests.bot.sources.formats.archives import make_folder, make_zip, read, read_any, script


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


def unpack(path: Path, members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> list[str]:
    return [post.text for post in read_any(make_zip(path, members, method))]


def fails(path: Path, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        read_any(path)


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


@pytest.mark.parametrize(
    ("tweet", "expected"),
    [
        ({"id_str": "12", "lang": "en"}, ("12", "en")),
        ({"id_str": "12", "id": "13", "lang": "pt-BR"}, ("12", "pt-BR")),
        ({"lang": "und"}, (None, None)),
        ({"id_str": "1", "lang": "zxx"}, ("1", None)),
        ({"id_str": "1", "lang": "qme"}, ("1", None)),
        ({"id_str": None, "lang": ["en"]}, (None, None)),
    ],
)
def test_ids_and_languages(tmp_path: Path, tweet: dict[str, object], expected: tuple[str | None, str | None]) -> None:
    path = tmp_path / "tweets.js"
    path.write_text("window.YTD.tweets.part0 = " + json.dumps([{"tweet": {"full_text": "a", **tweet}}]))
    assert [(post.id, post.language) for post in read(path, js_posts)] == [expected]


@pytest.mark.parametrize("prefix", ["window.YTD.like.part0 = ", "window.YTD.direct_messages.part0 = ", "window.x = "])
def test_other_parts_of_an_archive_are_refused(tmp_path: Path, prefix: str) -> None:
    path = tmp_path / "other.js"
    path.write_text(script("one", prefix=prefix))
    with pytest.raises(BadInput, match=r"other.js is not the part .* has the posts. Give me its data/tweets.js"):
        read(path, js_posts)


@pytest.mark.parametrize("item", ["7", "null", "[]", '{"tweet": {}}', '{"tweet": null}', '{"tweet": {"full_text": 3}}'])
def test_what_is_not_a_post_is_named(path: Path, item: str) -> None:
    content = 'window.YTD.tweets.part0 = [{"tweet": {"full_text": "a"}}, ' + item + "]"
    make_zip(path, {"data/tweets.js": content})
    fails(path, "x.zip/data/tweets.js, post 2: it")


def test_a_cut_download(path: Path) -> None:
    make_zip(path, {"tweets.js": script(*["some words"] * 100)[:-30]})
    with pytest.raises(BadInput, match=r"x.zip/tweets.js is broken after post 99 \(Unterminated.*may be cut short."):
        read_any(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["data/tweets.js", "tweets.js", "x-2026-10/data/tweets.js", "data/tweet.js"])
def test_where_an_archive_has_its_posts(path: Path, name: str, method: int) -> None:
    others = ["data/like.js", "assets/tweets.js", "data/tweets.js.map", "data/deleted-tweets.js", "data/tweetdeck.js"]
    members = dict.fromkeys(others, "x") | {name: script("one")}
    assert unpack(path, members, method) == ["one"]
    assert [post.text for post in read_any(make_folder(path.with_suffix(""), members))] == ["one"]


def test_the_folder_data_alone(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data", {"tweets.js": script("one"), "like.js": "x"})
    assert [post.text for post in read_any(folder)] == ["one"]


def test_parts_in_their_order(path: Path) -> None:
    names = ["tweets-part10.js", "tweets-part2.js", "tweets.js"]
    assert unpack(path, {f"data/{name}": script(name) for name in names}) == names[::-1]


def test_an_older_archive_under_a_newer_one(path: Path) -> None:
    assert unpack(path, {"data/tweet.js": script("old"), "data/tweets.js": script("new")}) == ["new"]


def test_archives_of_two_people(path: Path) -> None:
    make_zip(path, {"pip/data/tweets.js": script("one"), "bob/data/tweets.js": script("two")})
    fails(path, "x.zip has posts in bob/data/ and in pip/data/. Give me one of these folders.")


def test_a_part_with_an_endless_number(path: Path) -> None:
    make_zip(path, {f"data/tweets-part{'9' * 200}.js": script("one")})
    fails(path, "In x.zip there is no data/tweets.js")


def test_no_posts_in_a_zip(path: Path) -> None:
    for members in ({}, {"photo.jpg": b"x"}, {"data/tweets.js/": ""}, {"../data/tweets.js": script("one")}):
        make_zip(path, members)
        fails(path, "In x.zip there is no data/tweets.js")


def bomb(path: Path, opening: bytes, filling: bytes, n_bytes: int) -> Path:
    return make_zip(path, {"data/tweets.js": opening + filling * (n_bytes // len(filling))})


def test_a_bomb_of_posts(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb(path, b"[", b'{"full_text":"words and words and words"},', 40 * 2**20)
    monkeypatch.setattr(unzip, "MAX_UNPACKED", 2 * 2**20)
    tracemalloc.start()
    try:
        fails(path, "What I read of x.zip unpacks to more than 2 MiB")
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


def test_only_what_is_needed_is_opened(path: Path) -> None:
    """Messages, deleted posts and media may be broken, or locked: they are never looked at."""
    folder = make_folder(path.with_suffix(""), {"data/tweets.js": script("one")})
    for name in ("direct-messages.js", "direct-messages-group.js", "deleted-tweets.js", "tweetdeck.js"):
        (folder / "data" / name).write_text("window.YTD broken")
    assert [post.text for post in read_any(folder)] == ["one"]
    make_zip(path, {"data/tweets.js": script("one"), "data/direct-messages.js": "secret" * 99}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"secret", b"public"))  # reading it would find a wrong checksum
    assert [post.text for post in read_any(path)] == ["one"]
