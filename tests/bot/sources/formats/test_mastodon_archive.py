from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Profile
from bot.errors import BadInput
from bot.ports import unheard
from bot.sources.formats.mastodon_archive import actor_profile, outbox_posts
from bot.sources.formats.members import folder_members, zip_members
from bot.sources.formats.reading import Meter
from bot.sources.pictures import MAX_PICTURE
from bot.sources.posts import MAX_CHARACTERS
from tests.bot.sources.formats.archives import make_folder, make_zip, read
from trainer.corpus import Post

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
FOLLOWERS = "https://lake.example/users/ann/followers"
PNG = b"\x89PNG\r\n\x1a\n and so on"
JPEG = b"\xff\xd8\xff\xe0 and so on"
NAMES = {"to": [PUBLIC], "cc": [FOLLOWERS]}


def created(content: object, number: int = 1, **fields: object) -> dict[str, object]:
    """A public post, as an archive has it; `fields` go into the note."""
    where = f"https://lake.example/users/ann/statuses/{number}"
    note = {"id": where, "type": "Note", "summary": None, "content": content, **NAMES, **fields}
    return {"id": f"{where}/activity", "type": "Create", "published": "2023-05-01T12:00:00Z", **NAMES, "object": note}


def outbox(path: Path, *activities: object, **more: object) -> Path:
    record = {
        "@context": ["https://www.w3.org/ns/activitystreams", {"toot": "http://joinmastodon.org/ns#"}],
        "id": "outbox.json",
        "type": "OrderedCollection",
        "totalItems": len(activities),
        "orderedItems": list(activities),
    }
    path.write_text(json.dumps(record | more, ensure_ascii=False), "utf-8")
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.json"


def texts(path: Path) -> list[str]:
    return [post.text for post in read(path, outbox_posts)]


def test_a_post(path: Path) -> None:
    content = '<p>The fog is back,<br />and so is <span class="h-card"><a href="x">@<span>bob</span></a></span></p>'
    outbox(path, created(content, 7, contentMap={"en": content}))
    assert read(path, outbox_posts) == [
        Post(
            "The fog is back,\nand so is @bob",
            created_at=datetime(2023, 5, 1, 12, tzinfo=UTC),
            id="https://lake.example/users/ann/statuses/7",
            language="en",
        )
    ]


def test_warnings_polls_and_pictures(path: Path) -> None:
    poll = created("<p>tea or cocoa</p>", type="Question", oneOf=[{"type": "Note", "name": "tea"}])
    outbox(path, created("<p>soup</p>", summary="food, again"), poll, created("", attachment=[{"url": "a.png"}]))
    assert texts(path) == ["soup", "tea or cocoa", ""]


def test_boosts_are_retweets(path: Path) -> None:
    boost = {
        "id": "x/1",
        "type": "Announce",
        "published": "2023-05-02T12:00:00Z",
        "object": "https://x.example/2",
        **NAMES,
    }
    outbox(path, boost, {**boost, "type": "Create"}, {**boost, "object": {"content": "somebody else's"}})
    assert [(post.text, post.is_retweet) for post in read(path, outbox_posts)] == [("", True)] * 3


@pytest.mark.parametrize(
    ("readers", "is_read"),
    [
        ({"to": [PUBLIC], "cc": [FOLLOWERS]}, True),
        ({"to": [FOLLOWERS], "cc": [PUBLIC]}, True),
        ({"to": PUBLIC}, True),
        ({"to": ["as:Public"]}, True),
        ({"to": [FOLLOWERS], "cc": []}, False),
        ({"to": ["https://x.example/users/bob"], "cc": None}, False),
        ({"to": [], "cc": []}, False),
        ({"to": {"a": PUBLIC}, "cc": [{"id": PUBLIC}, [PUBLIC], 7]}, False),
        ({"to": [PUBLIC + "/x"]}, False),
        ({}, False),
    ],
)
def test_only_public_posts_are_read(path: Path, readers: dict[str, object], is_read: bool) -> None:
    activity = {key: value for key, value in created("<p>a</p>").items() if key not in NAMES}
    note = {"type": "Note", "content": "<p>a</p>"}
    boost = {"type": "Announce", "object": "https://x.example/1", **readers}
    outbox(path, {**activity, "object": note, **readers}, boost, created("<p>end</p>"))
    assert texts(path) == (["a", "end", ""] if is_read else ["end"])  # undated ones come last


def test_a_note_that_is_more_private_than_its_activity(path: Path) -> None:
    outbox(path, created("<p>for some</p>", to=[FOLLOWERS], cc=[]), created("<p>end</p>"))
    assert texts(path) == ["end"]


def test_several_languages_are_none(path: Path) -> None:
    outbox(
        path,
        created("<p>a</p>", contentMap={"en": "<p>a</p>", "de": "<p>b</p>"}),
        created(None, contentMap={"de": "c"}),
    )
    assert [(post.text, post.language) for post in read(path, outbox_posts)] == [("a", None), ("c", "de")]


def test_other_activities_are_passed_over(path: Path) -> None:
    other = [{**created("<p>x</p>"), "type": kind} for kind in ("Delete", "Update", "Like", None)]
    outbox(path, *other, {**created("x"), "object": None}, created("<p>end</p>"))
    assert texts(path) == ["end"]


@pytest.mark.parametrize(
    ("activity", "message"),
    [
        (7, "outbox.json, post 2: it is a number, not an object. Fix this post"),
        (created(7), "outbox.json, post 2: its text is a number, not a string"),
        (created(["a"]), "post 2: its text is a list, not a string"),
        (created("x" * (MAX_CHARACTERS + 1)), "post 2: its text has 100,001 characters"),
        (created("<br>" * 1_000_000), "post 2: its text has 4,000,000 characters"),
    ],
)
def test_what_is_not_a_post_is_named(path: Path, activity: object, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        read(outbox(path, created("fine"), activity), outbox_posts)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"type": "OrderedCollection"}', "outbox.json is not a Mastodon outbox: it has no list"),
        (b'{"orderedItems": {}}', "there is '{' where [ should be"),
        (b'{"orderedItems": []', "outbox.json is broken after post 0 (no , or } follows)"),
        (b'{"orderedItems": []} x', "there is 'x' after its end"),
        (b"[]", "there is '[' where { should be"),
        (b"\xff\xd8", "outbox.json is not UTF-8 text after post 0"),
    ],
)
def test_files_of_no_use(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(BadInput, match=re.escape(message)):
        read(path, outbox_posts)


def profile(folder: Path, actor: object, pictures: dict[str, str | bytes], place: str = "") -> Iterator[Profile | None]:
    """As a folder and as a zip have it."""
    content = actor if isinstance(actor, str | bytes) else json.dumps(actor)
    members = {f"{place}{name}": data for name, data in {"actor.json": content, **pictures}.items()}
    meter = Meter(unheard)
    yield actor_profile(folder_members(make_folder(folder / "x", members), meter))
    with make_zip(folder / "x.zip", members).open("rb") as file, zip_members(file, "x.zip", meter) as archive:
        yield actor_profile(archive)


ANN = {"name": "Ann  of\nthe <3 Lake", "summary": "<p>Boats &amp; fog</p><p>she</p>", "icon": {"url": "avatar.png"}}


@pytest.mark.parametrize("place", ["", "archive-2023/"])
@pytest.mark.parametrize("picture", [PNG, JPEG])
def test_a_profile(tmp_path: Path, place: str, picture: bytes) -> None:
    for found in profile(tmp_path, ANN, {"avatar.png": picture}, place):
        assert found == Profile("Ann of the <3 Lake", "Boats & fog she", picture)


@pytest.mark.parametrize(
    ("actor", "pictures"),
    [
        (ANN, {}),
        (ANN, {"avatar.png": b"GIF89a"}),
        (ANN, {"avatar.png": PNG + b"x" * MAX_PICTURE}),
        ({**ANN, "icon": {"url": "../avatar.png"}}, {"avatar.png": PNG}),
        ({**ANN, "icon": "avatar.png"}, {"avatar.png": PNG}),
        ({**ANN, "icon": {"url": 7}}, {"avatar.png": PNG}),
    ],
)
def test_a_profile_without_a_picture(tmp_path: Path, actor: object, pictures: dict[str, str | bytes]) -> None:
    for found in profile(tmp_path, actor, pictures):
        assert found == Profile("Ann of the <3 Lake", "Boats & fog she", None)


def test_a_nameless_account_is_called_by_its_user_name(tmp_path: Path) -> None:
    for found in profile(tmp_path, {"name": "", "preferredUsername": "ann", "summary": 7}, {}):
        assert found == Profile("ann")


@pytest.mark.parametrize(
    "actor", [[], 7, {}, '{"name": "Ann"', b"\xff\xfe\x00", "[" * 100_000, '{"name": "' + "x" * 2**20 + '"}']
)
def test_profiles_of_no_use(tmp_path: Path, actor: object) -> None:
    assert list(profile(tmp_path, actor, {})) == [None, None]


def test_no_profile_at_all(tmp_path: Path) -> None:
    assert actor_profile(folder_members(make_folder(tmp_path / "x", {"outbox.json": "{}"}), Meter(unheard))) is None
