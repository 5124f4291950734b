from __future__ import annotations

import os
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.ports import unheard
from bot.sources import members as members_module
from bot.sources import unzip
from bot.sources.members import MAX_PICTURE, Members, folder_members, nearest, picture, zip_members
from bot.sources.reading import Meter, Stopped
from tests.bot.sources.archives import claim_encrypted, claim_size, make_folder, make_zip

PNG = b"\x89PNG\r\n\x1a\n and so on"
FILES: dict[str, str | bytes] = {
    "data/tweets.js": "some\nlines",
    "outbox.json": "{}",
    "data/profile_media/1-a.png": PNG,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


@contextmanager
def unzipped(path: Path, meter: Meter | None = None) -> Iterator[Members]:
    with path.open("rb") as file, zip_members(file, path.name, meter or Meter(unheard)) as members:
        yield members


def of_folder(path: Path) -> Members:
    return folder_members(path, Meter(unheard))


def unpack(path: Path) -> None:
    """Read all of a zip's members to their ends."""
    with unzipped(path) as members:
        for name in members.names():
            with members.open(name) as file:
                while file.read(1 << 20):
                    pass


def complaint(path: Path) -> str | None:
    try:
        unpack(path)
    except BadInput as error:
        return str(error)
    return None


def fails(path: Path, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        unpack(path)


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


def test_unpacking_can_be_stopped(path: Path) -> None:
    meter = Meter(unheard)
    make_zip(path, FILES)
    with unzipped(path, meter) as members, members.open("data/tweets.js") as file:
        meter.stop()
        with pytest.raises(Stopped):
            file.read(1)


def test_too_many_files(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members_module, "MAX_FILES", 9)
    monkeypatch.setattr(unzip, "MAX_FILES", 9)
    files: dict[str, str | bytes] = {f"a/{number}": "" for number in range(9)}
    unpack(make_zip(path, files))
    fails(make_zip(path, {**files, "b": ""}), "x.zip has more than 9 files in it, or very long names. Unpack it and")
    with pytest.raises(BadInput, match=r"x has more than 9 files in it. Name the folder"):  # the tenth is a/ itself
        of_folder(make_folder(tmp_path / "x", files))


def test_long_names_fill_the_list_of_members(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "MAX_DIRECTORY", 60_000)
    fails(make_zip(path, {"a" * 65_000: "", "b": ""}), "or very long names")


@pytest.mark.parametrize(
    ("folders", "expected"), [(["data/"], "data/"), (["x/data/", "data/", "y/data/"], "data/"), (["", "a/"], "")]
)
def test_the_nearest_folder(folders: list[str], expected: str) -> None:
    assert nearest(folders, "x.zip") == expected


def test_two_folders_as_near() -> None:
    with pytest.raises(BadInput, match=r"x.zip has posts in bob/data/ and in pip/data/. Give me one of these folders."):
        nearest(["pip/data/", "bob/data/", "a/b/data/"], "x.zip")


def test_a_truncated_zip(path: Path) -> None:
    data = make_zip(path, {"a": bytes(range(256)) * 50}).read_bytes()
    for length in (len(data) // 2, len(data) - 1, 30):
        path.write_bytes(data[:length])
        fails(path, "x.zip is damaged (File is not a zip file). Download it again, or unpack it")


def test_a_wrong_checksum(path: Path) -> None:
    make_zip(path, {"a": "hello there"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"hello", b"jello"))
    fails(path, "x.zip is damaged (Bad CRC-32 for file 'a')")


def patch_directory(path: Path, field: int, value: int, size: str = "<I") -> None:
    """Change the last record of a zip, which says where its directory is."""
    data = bytearray(path.read_bytes())
    struct.pack_into(size, data, data.rfind(b"PK\x05\x06") + field, value)
    path.write_bytes(data)


def test_parts_before_the_files_start(path: Path) -> None:
    make_zip(path, {"a": "b"})
    start = struct.unpack_from("<I", path.read_bytes(), path.read_bytes().rfind(b"PK\x05\x06") + 16)[0]
    patch_directory(path, 16, start + 100)
    fails(path, "x.zip is damaged")


@pytest.mark.parametrize("size", [0, 1, 60, 2**31, 2**32 - 1])
def test_a_directory_of_a_wrong_size(path: Path, size: int) -> None:
    make_zip(path, {"a": "b"})
    patch_directory(path, 12, size)
    if size:
        fails(path, "x.zip is damaged")
    else:
        unpack(path)  # it says that it is empty


@pytest.mark.parametrize("offset", [2**63 - 1, 2**63, 2**64 - 1])
def test_a_place_beyond_all_files(path: Path, offset: int) -> None:
    """A zip64 field may hold a number that no file's position can be."""
    extra = struct.pack("<HHQ", 1, 8, offset)
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 1, 1, 1, 12, 0, 0, 0, 0, 2**32 - 1
    )
    directory = entry + b"a" + extra
    path.write_bytes(directory + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0))
    fails(path, "x.zip is damaged")


def test_an_encrypted_zip(path: Path) -> None:
    claim_encrypted(make_zip(path, FILES))
    fails(path, "x.zip is protected by a password. Unpack it and give me the folder.")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(path: Path, method: int) -> None:
    fails(make_zip(path, FILES, method), "x.zip is packed in a way I don't read. Unpack it")


@pytest.mark.parametrize("size", [None, 10, 2**32 - 2])
def test_a_bomb_is_stopped_by_what_it_unpacks_to(path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None) -> None:
    """Whatever its headers claim, in little memory."""
    make_zip(path, {"data/tweets.js": b"words and words and words " * (2**20)})
    if size is not None:
        claim_size(path, size)
    monkeypatch.setattr(unzip, "MAX_UNPACKED", 2 * 2**20)
    tracemalloc.start()
    try:
        fails(path, "x.zip is damaged" if size == 10 else "What I read of x.zip unpacks to more than 2 MiB. Unpack it")
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_members_count_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "MAX_UNPACKED", 300)
    unpack(make_zip(path, {str(number): "x" * 100 for number in range(3)}))
    fails(make_zip(path, {str(number): "x" * 100 for number in range(4)}), "unpacks to more than")


CHANGES: list[Callable[[bytearray, int, int], None]] = [
    lambda data, at, value: data.__setitem__(at, value % 256),
    lambda data, at, value: data.__delitem__(slice(at, at + value % 40)),
    lambda data, at, value: data.__setitem__(slice(at, at), bytes([value % 256]) * (value % 40)),
    lambda data, at, value: data.__setitem__(slice(at, at + 4), struct.pack("<I", value)),
]


@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.integers(0, 10**4), st.integers(0, 2**32 - 1)), min_size=1))
def test_damage_anywhere_is_told_not_thrown(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Callable[[bytearray, int, int], None], int, int]]
) -> None:
    path = make_zip(tmp_path_factory.mktemp("zip") / "x.zip", FILES)
    content = bytearray(path.read_bytes())
    for change, at, value in changes:
        change(content, at % max(1, len(content) - 4), value)
    path.write_bytes(content)
    said = complaint(path)
    assert said is None or (said.startswith("x.zip ") and said.endswith("."))
