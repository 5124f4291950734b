from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.formats.json_object import is_object, object_posts
from tests.bot.sources.formats.archives import read

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
OUTBOX = {
    "@context": "https://www.w3.org/ns/activitystreams",
    "id": "outbox.json",
    "orderedItems": [{"type": "Create", "to": [PUBLIC], "object": {"type": "Note", "content": "<p>fog</p>"}}],
}
RESULT = {
    "name": "Bob",
    "id": 5,
    "messages": [{"type": "message", "id": 1, "from": "Ann", "from_id": "user1", "text": "fog"}],
}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "value",
    [OUTBOX, RESULT, {"personal_information": {}}, {"about": "x", "chats": {"list": []}}, {"messages": "x" * 5000}],
)
def test_objects(value: object, indent: int | None, encoding: str) -> None:
    assert is_object(json.dumps(value, indent=indent).encode(encoding)[:4096])
    assert is_object(b" \n\t" + json.dumps(value, indent=indent).encode()[:4000])


@pytest.mark.parametrize(
    "text",
    [
        '{"text": "a"}',
        '{"text": "a"}\n{"text": "b"}\n',
        '{"id": 1, "full_text": "' + "x" * 5000,
        '{"messages": 1, "text": "a"}\n',
        '{"text": "a\n{"text": "b"}',
        '{"posts": []}',
        "{sighs}\nok",
        "{}\n{}",
        "{",
        "[{",
        "hello {\n",
        "",
        " \n",
    ],
)
def test_what_is_no_object(text: str) -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        assert not is_object(text.encode(encoding)[:4096])


@given(st.binary(max_size=50).map(lambda data: b"{" + data))
def test_any_start_of_a_file(head: bytes) -> None:
    assert is_object(head) in {True, False}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_both_are_told_by_their_keys(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "x.json"
    for value, part in ((OUTBOX, None), (RESULT, "Ann")):
        path.write_text(json.dumps(value), encoding)
        assert [post.text for post in read(path, partial(object_posts, part=part))] == ["fog"]


@pytest.mark.parametrize(
    ("value", "part", "message"),
    [
        (OUTBOX, "Ann", r"x\.json has no columns and no senders, so 'Ann' can't be chosen"),
        (RESULT, None, r"In x\.json I may only learn from your own messages. Say who you are"),
        (
            {"posts": []},
            None,
            r"x\.json is JSON that I don't know. I read the outbox\.json .* like {\"text\": \"…\"}\.$",
        ),
        ({"text": "a"}, None, r"x\.json is JSON that I don't know"),
    ],
)
def test_objects_of_no_use(tmp_path: Path, value: object, part: str | None, message: str) -> None:
    (tmp_path / "x.json").write_text(json.dumps(value))
    with pytest.raises(BadInput, match=message):
        read(tmp_path / "x.json", partial(object_posts, part=part))
