from __future__ import annotations

import re
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.ports import unheard
from bot.sources.formats import unzip
from bot.sources.formats.reading import Meter, Stopped
from tests.bot.sources.formats.archives import claim_encrypted, claim_size, make_zip, unzipped

FILES: dict[str, str | bytes] = {"data/tweets.js": "some\nlines", "outbox.json": "{}", "data/a.png": b"\x89PNG"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.zip"


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


def test_unpacking_can_be_stopped(path: Path) -> None:
    meter = Meter(unheard)
    make_zip(path, FILES)
    with unzipped(path, meter) as members, members.open("data/tweets.js") as file:
        meter.stop()
        with pytest.raises(Stopped):
            file.read(1)


def test_too_many_members(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "MAX_FILES", 9)
    files: dict[str, str | bytes] = {f"a/{number}": "" for number in range(9)}
    unpack(make_zip(path, files))
    fails(make_zip(path, {**files, "b": ""}), "x.zip has more than 9 files in it, or very long names. Unpack it and")


def test_long_names_fill_the_list_of_members(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unzip, "MAX_DIRECTORY", 60_000)
    fails(make_zip(path, {"a" * 65_000: "", "b": ""}), "or very long names")


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
