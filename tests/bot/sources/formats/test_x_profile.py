from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.domain import AccountSource, Profile
from bot.sources.files import FileSource
from bot.sources.formats.x_profile import MAX_BIO, MAX_NAME
from tests.bot.sources.formats.archives import make_folder, make_zip, script

JPEG = b"\xff\xd8\xff\xe0 and so on"
ACCOUNT = {"username": "pip", "accountDisplayName": "Pip \u202e the\nLighthouse", "accountId": "123"}
PROFILE = {
    "description": {"bio": "I shine.\nOften.", "website": "", "location": ""},
    "avatarMediaUrl": "https://pbs.twimg.com/profile_images/9/a-B_c.jpg",
}
PICTURE = "data/profile_media/123-a-B_c.jpg"


def part(kind: str, value: object) -> str:
    return f"window.YTD.{kind}.part0 = {json.dumps([{kind: value}])}"


def archive(account: object = ACCOUNT, profile: object = PROFILE) -> dict[str, str | bytes]:
    return {
        "data/tweets.js": script("one"),
        "data/account.js": part("account", account),
        "data/profile.js": part("profile", profile),
        PICTURE: JPEG,
    }


async def profile_of(path: Path, members: dict[str, str | bytes]) -> Profile | None:
    """The same from a zip and from a folder."""
    path.mkdir(exist_ok=True)
    of_zip = await FileSource().profile(AccountSource("pip", f"file:{make_zip(path / 'x.zip', members)}"))
    of_folder = await FileSource().profile(AccountSource("pip", f"file:{make_folder(path / 'x', members)}"))
    assert of_zip == of_folder
    return of_zip


async def test_who_an_archive_belongs_to(tmp_path: Path) -> None:
    expected = Profile("Pip the Lighthouse", "I shine. Often.", JPEG)
    assert await profile_of(tmp_path, archive()) == expected
    moved = {f"x-2026/{name}": content for name, content in archive().items()}
    assert await profile_of(tmp_path / "below", moved) == expected


async def test_without_a_display_name(tmp_path: Path) -> None:
    assert await profile_of(tmp_path, archive({"username": "pip"}, {})) == Profile("pip")


async def test_without_a_profile(tmp_path: Path) -> None:
    members = archive()
    del members["data/profile.js"]
    assert await profile_of(tmp_path, members) == Profile("Pip the Lighthouse")


async def test_endless_names(tmp_path: Path) -> None:
    long = {"description": {"bio": "b" * 99_999}, "avatarMediaUrl": "https://a/" + "c" * 99_999 + ".jpg"}
    found = await profile_of(tmp_path, archive({"accountDisplayName": "a" * 99_999}, long))
    assert found == Profile("a" * MAX_NAME, "b" * MAX_BIO)


@pytest.mark.parametrize("account", [None, [], 7, {}, {"username": 7}, {"username": "\u202e \ud800", "accountId": "1"}])
async def test_no_name_no_profile(tmp_path: Path, account: object) -> None:
    assert await profile_of(tmp_path, archive(account)) is None


@pytest.mark.parametrize("name", ["data/account.js", "data/profile.js"])
@pytest.mark.parametrize("content", ["", "window.YTD.like.part0 = []", "[{", "[" * 99_999, b"\xff", "[" + "9" * 9999])
async def test_a_damaged_file_is_no_error(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert await profile_of(tmp_path, archive() | {name: content}) is None


@pytest.mark.parametrize(
    "url",
    [7, "", "a.jpg", "https://a/../tweets.js", "https://a/b.jpg?x", "https://a/", "https://a/%2e%2e", "x" * 99_999],
)
async def test_pictures_that_are_none(tmp_path: Path, url: object) -> None:
    found = await profile_of(tmp_path, archive(profile={"avatarMediaUrl": url}))
    assert found == Profile("Pip the Lighthouse")


async def test_a_picture_must_really_be_one(tmp_path: Path) -> None:
    found = await profile_of(tmp_path, archive() | {PICTURE: "<html>"})
    assert found is not None
    assert found.avatar is None


@pytest.mark.parametrize("reference", ["file:/nowhere", "nonsense", "file:"])
async def test_what_cannot_be_read_has_no_profile(reference: str) -> None:
    assert await FileSource().profile(AccountSource("pip", reference)) is None


async def test_files_without_a_profile(tmp_path: Path) -> None:
    (tmp_path / "tweets.js").write_text(script("one"))
    assert await FileSource().profile(AccountSource("pip", f"file:{tmp_path}/tweets.js")) is None
    assert await profile_of(tmp_path, {"tweets.js": script("one")}) is None
    assert await profile_of(tmp_path, {"result.json": "{}"}) is None
