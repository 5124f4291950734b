"""Reading a zip that a stranger made. Its sizes are counted as bytes come out, never believed."""

from __future__ import annotations

import errno
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from bot.errors import BadInput
from bot.sources.formats.reading import Meter
from bot.texts import Text

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_UNPACKED = 4 * 1024**3  # bytes, over all members of a zip that are read
MAX_DIRECTORY = 32 * 1024**2  # bytes of a zip's list of its members, which zipfile reads at once
MAX_FILES = 200_000  # zipfile keeps them all in memory, at some 700 bytes each

_ENTRY, _ENTRY_BYTES = b"PK\x01\x02", 46  # what a member's entry in that list begins with; its least size
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may take any amount of memory
_MAX_REASON = 200  # characters; zipfile's may quote a member's name, of 65,535
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, NotImplementedError)


class Unzip:
    """An open zip, whose members unpack to MAX_UNPACKED altogether. `name` is the zip's in messages."""

    def __init__(self, file: IO[bytes], name: str, meter: Meter) -> None:
        """Raises BadInput when it is damaged or has too many members."""
        with _explained(name):
            self._archive = zipfile.ZipFile(_Guarded(file, name))
        self._name = name
        self._meter = meter
        self._n_unpacked = 0

    def close(self) -> None:
        self._archive.close()

    def infos(self) -> list[zipfile.ZipInfo]:
        return self._archive.infolist()

    @contextmanager
    def open(self, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """Raises BadInput, and so do reads, when the member is damaged, encrypted or too large."""
        _check_readable(info, self._name)
        with _explained(self._name):
            packed = self._archive.open(info)
        with packed, io.BufferedReader(_Unpacked(packed, self)) as file:
            yield file

    def unpack(self, packed: IO[bytes], size: int) -> bytes:
        """At most `size` more bytes of a member."""
        self._meter.advance(0)  # a cancelled job ends here
        with _explained(self._name):
            data = packed.read(size)
        self._n_unpacked += len(data)
        if self._n_unpacked > MAX_UNPACKED:
            raise BadInput(
                Text(
                    "What I read of {name} unpacks to more than {limit:,} MiB. Unpack it and give me its file of posts "
                    "by itself.",
                    name=self._name,
                    limit=MAX_UNPACKED // 1024**2,
                )
            )
        return data


class _Unpacked(io.RawIOBase):
    """A member as a file that io.BufferedReader takes."""

    def __init__(self, packed: IO[bytes], archive: Unzip) -> None:
        self._packed = packed
        self._archive = archive

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer)
        data = self._archive.unpack(self._packed, len(view))
        view[: len(data)] = data
        return len(data)


class _Guarded:
    """The zip's own file. The list of members is the only thing that zipfile reads much of at once."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise BadInput(_too_many(self._name))
        data = self._file.read(size)
        if len(data) > MAX_FILES * _ENTRY_BYTES and data.count(_ENTRY) > MAX_FILES:
            raise BadInput(_too_many(self._name))
        return data


def _too_many(name: str) -> Text:
    return Text(
        "{name} has more than {limit:,} files in it, or very long names. Unpack it and give me the folder.",
        name=name,
        limit=MAX_FILES,
    )


def _check_readable(info: zipfile.ZipInfo, name: str) -> None:
    if info.flag_bits & 0x1:
        raise BadInput(Text("{name} is protected by a password. Unpack it and give me the folder.", name=name))
    if info.compress_type not in _METHODS:
        raise BadInput(Text("{name} is packed in a way I don't read. Unpack it and give me the folder.", name=name))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Everything that zipfile raises for a damaged file, as BadInput."""
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(name, str(error)[:_MAX_REASON] or Text("it ends too early")) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # a header that points to before the file's start; others are the disk's
            raise
        raise _damaged(name, Text("its parts are not where it says")) from error


def _damaged(name: str, wrong: str) -> BadInput:
    return BadInput(
        Text(
            "{name} is damaged ({wrong}). Download it again, or unpack it and give me the folder.",
            name=name,
            wrong=wrong,
        )
    )
