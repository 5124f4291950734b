from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from bot.errors import BadInput
from bot.ports import unheard
from bot.sources.formats import members as members_module
from bot.sources.formats.members import Members, folder_members, nearest, picture
from bot.sources.formats.reading import Meter, Stopped
from bot.sources.pictures import MAX_PICTURE
from tests.bot.sources.formats.archives import make_folder, make_zip, unzipped

PNG = b"\x89PNG\r\n\x1a\n and so on"
FILES: dict[str, str | bytes] = {
    "data/tweets.js": "some\nlines",
    "outbox.json": "{}",
    "data/profile_media/1-a.png": PNG,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


def of_folder(path: Path) -> Members:
    return folder_members(path, Meter(unheard))


def check(members: Members) -> None:
    assert members.names() == sorted(FILES)
    assert [members.size(name) for name in members.names()] == [len(PNG), 10, 2]
    with members.open("data/tweets.js") as file:
        assert (file.readline(100), file.readline(3), file.read(100), file.read(1)) == (b"some\n", b"lin", b"es", b"")
    with members.open("data/tweets.js") as file:  # once more, from its start
        assert file.read(4) == b"some"
    assert picture(members, "data/profile_media/1-a.png") == PNG
    assert picture(members, "data/tweets.js") is None
    assert picture(members, "data/profile_media/2-a.png") is None


def test_a_zip_and_its_folder_are_alike(tmp_path: Path, path: Path) -> None:
    check(of_folder(make_folder(tmp_path / "x", FILES)))
    make_zip(path, FILES)
    with unzipped(path) as members:
        check(members)


def test_a_zip_made_on_windows(path: Path) -> None:
    make_zip(path, {name.replace("/", "\\"): content for name, content in FILES.items()})
    with unzipped(path) as members:
        check(members)


def test_a_picture_has_its_limit(tmp_path: Path) -> None:
    sizes = {"a.png": MAX_PICTURE, "b.png": MAX_PICTURE + 1}
    folder = make_folder(tmp_path / "x", {name: PNG.ljust(size, b"\0") for name, size in sizes.items()})
    assert len(picture(of_folder(folder), "a.png") or b"") == MAX_PICTURE
    assert picture(of_folder(folder), "b.png") is None


def test_a_damaged_picture_is_none(path: Path) -> None:
    make_zip(path, {"a.png": PNG}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"so on", b"SO ON"))
    with unzipped(path) as members:
        assert picture(members, "a.png") is None


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a/../b", "a/..", "a//b", "./a", "a/", "..\\a", "a\nb", "\x1b[2J", "a\u202eb", "a" * 300]
)
def test_names_that_are_not_listed(path: Path, name: str) -> None:
    make_zip(path, {name: "evil", "good": "good"})
    with unzipped(path) as members:
        assert members.names() == ["good"]


def test_of_one_name_the_last_counts(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", "first")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", "last")
    with unzipped(path) as members, members.open("a") as file:
        assert file.read(9) == b"last"


def test_what_a_folder_lists(tmp_path: Path) -> None:
    """No links, pipes, deep folders, or media; and no names that can't be shown."""
    folder = make_folder(tmp_path / "x", {"a/b/c/deep": "", "a/b/c/d/too deep": "", "data/tweets_media/1.jpg": ""})
    make_folder(tmp_path / "else", {"secret": "x"})
    (folder / "link").symlink_to(tmp_path / "else" / "secret")
    (folder / "folder").symlink_to(tmp_path / "else")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe")
    (folder / "bell\a").touch()
    (folder / os.fsdecode(b"\xff")).touch()
    assert of_folder(folder).names() == ["a/b/c/deep"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_entered(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "x", {"closed/a": "", "open/a": ""})
    (folder / "closed").chmod(0)
    try:
        assert of_folder(folder).names() == ["open/a"]
    finally:
        (folder / "closed").chmod(0o700)


def test_listing_can_be_stopped(tmp_path: Path) -> None:
    meter = Meter(unheard)
    meter.stop()
    with pytest.raises(Stopped):
        folder_members(make_folder(tmp_path / "x", FILES), meter)


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "MAX_FILES", 9)
    folder = make_folder(tmp_path / "x", {f"a/{number}": "" for number in range(8)})  # a/ is one as well
    assert len(of_folder(folder).names()) == 8
    (folder / "b").touch()
    with pytest.raises(BadInput, match=r"x has more than 9 files in it. Name the folder"):
        of_folder(folder)


@pytest.mark.parametrize(
    ("folders", "expected"), [(["data/"], "data/"), (["x/data/", "data/", "y/data/"], "data/"), (["", "a/"], "")]
)
def test_the_nearest_folder(folders: list[str], expected: str) -> None:
    assert nearest(folders, "x.zip") == expected


def test_two_folders_as_near() -> None:
    with pytest.raises(BadInput, match=r"x.zip has posts in bob/data/ and in pip/data/. Give me one of these folders."):
        nearest(["pip/data/", "bob/data/", "a/b/data/"], "x.zip")
