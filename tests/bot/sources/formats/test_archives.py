from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference
from tests.bot.sources.formats.archives import make_folder, make_zip, script
from trainer.corpus import Post

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
    return await FileSource().fetch(replace(file_reference("pip", path), part=part), limit, unheard)


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
    await FileSource().fetch(file_reference("pip", path), 0, lambda done, total, wait=None: calls.append((done, total)))
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
@pytest.mark.parametrize("name", ["outbox.json", "outbox.txt"])
async def test_one_file_of_an_archive(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(OUTBOX)
    assert [post.text for post in await fetch(tmp_path / name)] == ["one two", "three"]


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
