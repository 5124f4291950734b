"""The files in an archive that has posts: members of a zip, or files in a folder. Nothing is ever written to disk.

All that an archive says of itself is a claim. The list of its files is bounded before it is made, what a zip unpacks to
is counted as it comes out (`unzip`), and a file whose name leads out of the archive, or can't be shown,
isn't listed.
"""

from __future__ import annotations

import os
import zipfile
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import IO, Protocol

from bot.errors import BadInput
from bot.sources.formats.paths import shown
from bot.sources.formats.reading import Meter
from bot.sources.formats.unzip import MAX_FILES, Unzip
from bot.sources.pictures import MAX_PICTURE, is_picture
from bot.texts import Text

MAX_DEPTH = 3  # folders around a file: x-2026-10/data/profile_media/picture.jpg

_MAX_NAME = 255  # characters


class Members(Protocol):
    def names(self) -> list[str]:
        """Paths inside the archive, `/` between their parts, in alphabetical order."""

    def size(self, name: str) -> int:
        """Bytes, as the archive claims."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """One of `names`, from its start. Whoever reads it advances the meter, as with any other file.

        In a zip, opening and reading raise BadInput when the member is damaged, encrypted, or too large, and it can't
        be sought in; it can be opened again. In a folder they raise OSError.
        """


@contextmanager
def zip_members(file: IO[bytes], name: str, meter: Meter) -> Iterator[Members]:
    """`name` is the zip's in messages. Raises BadInput when it is damaged or has too many members."""
    with closing(Unzip(file, name, meter)) as archive:
        yield _ZipMembers(archive)


def folder_members(path: Path, meter: Meter) -> Members:
    """Links are not followed. Raises OSError, or BadInput when there are too many files."""
    return _FolderMembers(path, sorted(_listed(path, meter)))


def nearest(folders: Collection[str], name: str) -> str:
    """Of the folders that have posts (`data/`, or "" for the archive itself) the one with the fewest around it.

    Raises BadInput when there are several: they may be different people's.
    """
    first, *others = sorted(folders, key=lambda folder: (folder.count("/"), folder))
    if others and others[0].count("/") == first.count("/"):
        raise BadInput(
            Text(
                "{name} has posts in {first} and in {second}. Give me one of these folders.",
                name=name,
                first=first,
                second=others[0],
            )
        )
    return first


def picture(members: Members, name: str) -> bytes | None:
    """A PNG or JPEG file, told by its first bytes; None for anything else, over MAX_PICTURE, or damaged."""
    if name not in members.names():
        return None
    try:
        with members.open(name) as file:
            data = file.read(MAX_PICTURE + 1)
    except (BadInput, OSError):  # it is an ornament
        return None
    return data if is_picture(data) else None


class _ZipMembers:
    def __init__(self, archive: Unzip) -> None:
        infos = {_path(info): info for info in archive.infos()}  # of one name the last counts, as when unpacking
        self._infos = {path: info for path, info in sorted(infos.items()) if _is_safe(path)}
        self._archive = archive

    def names(self) -> list[str]:
        return list(self._infos)

    def size(self, name: str) -> int:
        return self._infos[name].file_size

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return self._archive.open(self._infos[name])


def _path(info: zipfile.ZipInfo) -> str:
    return info.filename.replace("\\", "/")  # as some programs for Windows write it


def _is_safe(name: str) -> bool:
    parts = name.split("/")  # of a folder in a zip the last is empty
    return len(name) <= _MAX_NAME and name.isprintable() and not {"", ".", ".."} & set(parts)


class _FolderMembers:
    def __init__(self, path: Path, names: list[str]) -> None:
        self._path = path
        self._names = names

    def names(self) -> list[str]:
        return self._names

    def size(self, name: str) -> int:
        return (self._path / name).stat().st_size

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        return (self._path / name).open("rb")


def _listed(folder: Path, meter: Meter) -> Iterator[str]:
    waiting, n_seen = deque([""]), 0
    while waiting:
        place = waiting.popleft()
        with os.scandir(folder / place) as entries:
            for entry in entries:
                meter.advance(0)  # a cancelled job ends here
                n_seen += 1
                _check_count(n_seen, folder)
                name = place + entry.name
                if entry.is_file(follow_symlinks=False) and _is_safe(name):
                    yield name
                elif name.count("/") < MAX_DEPTH and _is_entered(entry):
                    waiting.append(f"{name}/")


def _is_entered(entry: os.DirEntry[str]) -> bool:
    """Not what goes with X's posts: it is nearly all of the files of an archive, and no text."""
    is_media = entry.name.endswith("_media") and entry.name != "profile_media"
    return not is_media and entry.is_dir(follow_symlinks=False) and os.access(entry.path, os.R_OK | os.X_OK)


def _check_count(n_files: int, folder: Path) -> None:
    if n_files > MAX_FILES:
        raise BadInput(
            Text(
                "{name} has more than {limit:,} files in it. Name the folder of the archive itself, or the file with "
                "the posts.",
                name=shown(folder),
                limit=MAX_FILES,
            )
        )
