"""Writing a backup, while the bot runs or not: whole under its name, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from bot.backup.contents import ACCOUNTS, CONTENTS, DATABASE, PERSONAS, Contents
from bot.backup.listing import (
    Recorded,
    account_files,
    kept_files,
    recorded,
    still_so,
    upload_files,
    version_files,
)
from bot.errors import BadInput, DiskFull, OperatorError
from bot.figures import bytes_text
from bot.folders import Folders, sync, unfinished
from bot.store.database import copy_database, writable
from bot.store.migrate import schema
from trainer.manifest import FileRecord

TRIES = 10
PART = "mynah-backup"  # whatever it will be called: the next one removes what a killed one has left
MARGIN = 1024 * 1024  # bytes: for the tar's own
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
Tell = Callable[[int, int], None]  # bytes so far, and of all


class Changed(Exception):
    """What is being read was forgotten, pruned or trained anew."""


@dataclass(frozen=True)
class Backup:
    """A file that is there. `missing`: what current versions had lost before."""

    path: Path
    n_bytes: int
    contents: Contents
    missing: tuple[str, ...]


def backup(folders: Folders, to: Path, base_model: str, posts: bool, tell: Tell) -> Backup:
    """Into a new file. Raises BadInput or OperatorError (DiskFull, …)."""
    with _explained(to):
        _check_target(folders, to)
        for _ in range(TRIES):
            with suppress(Changed), unfinished(to.parent, PART) as part:
                part.mkdir(mode=0o700)
                return _Writing(folders, part, base_model, posts, tell).write(to)
    raise OperatorError(
        "Personas were trained or forgotten each time while they were being copied, so there is no backup. Try again "
        "when no training is about to end."
    )


def _check_target(folders: Folders, to: Path) -> None:
    if not folders.database.is_file():
        raise BadInput(
            f"There is no database in {folders.root}, so there is nothing to back up. Is that the right folder?"
        )
    if not to.parent.is_dir():
        raise BadInput(f"There is no folder {to.parent} to put {to.name} into. Make it first, or choose another one.")
    if not os.access(to.parent, os.W_OK | os.X_OK):
        raise BadInput(f"The folder {to.parent} can't be written by this user. Choose another one, or mend its rights.")
    if to.exists() or to.is_symlink():
        raise BadInput(f"{to} is there already. Choose another name: nothing is overwritten.")


@contextmanager
def _explained(to: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise _no_room(to) from error
        place = error.filename or to
        raise OperatorError(f"The backup was not made: {place} ({error.strerror or error}).") from error


def _no_room(to: Path, needed: int = 0) -> DiskFull:
    need = f"about {bytes_text(needed)} are needed, " if needed else ""
    free = bytes_text(shutil.disk_usage(to.parent).free)
    return DiskFull(
        f"There is not enough room for the backup in {to.parent}: {need}{free} are free. Make room, choose "
        "another place, or leave the posts out with --without-posts. Nothing was left behind."
    )


@dataclass
class _Writing:
    """One try."""

    folders: Folders
    part: Path  # a folder for this try
    base_model: str
    posts: bool
    tell: Tell
    files: dict[str, FileRecord] = field(default_factory=dict)
    stamps: dict[Path, tuple[int, ...]] = field(default_factory=dict)  # of what must not change meanwhile
    done: int = 0
    total: int = 0

    def write(self, to: Path) -> Backup:
        """Raises Changed, OSError or OperatorError."""
        copy = self._copy_database()
        records = recorded(copy)
        versions, missing = version_files(self.folders, records)
        firm = [*versions, *kept_files(self.folders, records, self.posts)]
        uploads = upload_files(self.folders, records) if self.posts else []
        self._expect([copy, *firm, *uploads, *self._accounts()], to)
        made = self.part / "tar"
        descriptor = os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                self._add(tar, copy, DATABASE)
                for path in (*firm, *uploads):
                    self._add(tar, path)
                for path in self._accounts():
                    with suppress(FileNotFoundError):  # pages that have become a part of the whole, which is next
                        self._add(tar, path)
                contents = self._add_contents(tar, records, copy)
            file.flush()
            os.fsync(file.fileno())
        self._check_still_so(records)
        made.rename(to)
        sync(to.parent)
        return Backup(to, to.stat().st_size, contents, tuple(missing))

    def _copy_database(self) -> Path:
        """Without what messengers have handed over: it is answered here, and content is kept until then only."""
        copy = self.part / DATABASE
        copy_database(self.folders.database, copy)
        if schema(copy) >= 3:
            with writable(copy) as connection:
                connection.execute("UPDATE inbox SET content = NULL, note = NULL WHERE content IS NOT NULL")
        return copy

    def _accounts(self) -> Iterable[Path]:
        return account_files(self.folders) if self.posts else ()

    def _expect(self, paths: Iterable[Path], to: Path) -> None:
        """Raises DiskFull."""
        sizes = [path.stat().st_size + 1024 for path in paths if path.exists()]  # with its header in the tar
        self.total = sum(sizes)
        if shutil.disk_usage(to.parent).free < self.total + MARGIN:
            raise _no_room(to, self.total + MARGIN)

    def _add(self, tar: tarfile.TarFile, path: Path, name: str = "") -> None:
        """Raises Changed or OSError."""
        name = name or self.folders.relative(path)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            if name.startswith(f"{ACCOUNTS}/"):
                raise
            raise Changed from None
        with file:
            stat = os.fstat(file.fileno())
            info = _member(name, stat.st_size, int(stat.st_mtime))
            reading = _Reading(file, self)
            tar.addfile(info, reading)  # type: ignore[arg-type]  # it is only read
        self.files[name] = FileRecord(sha256=reading.digest.hexdigest(), n_bytes=stat.st_size)
        if name.startswith(f"{PERSONAS}/"):
            self.stamps[path] = _stamp(stat)

    def heard(self, n_bytes: int) -> None:
        self.done += n_bytes
        self.tell(self.done, max(self.total, self.done))

    def _add_contents(self, tar: tarfile.TarFile, records: Recorded, copy: Path) -> Contents:
        contents = Contents(
            mynah=version("mynah"),
            schema_version=schema(copy),
            created_at=datetime.now(UTC),
            base_model=self.base_model,
            data_dir=str(self.folders.root),
            posts=self.posts,
            personas=len(records.personas),
            versions=len({Path(name).parent for name in self.files if name.endswith("/manifest.json")}),
            files=self.files,
        )
        data = contents.model_dump_json(indent=1).encode()
        tar.addfile(_member(CONTENTS, len(data), int(contents.created_at.timestamp())), BytesIO(data))
        return contents

    def _check_still_so(self, records: Recorded) -> None:
        """Raises Changed."""
        if not still_so(records, recorded(self.folders.database)):
            raise Changed
        for path, stamp in self.stamps.items():
            if not path.exists() or _stamp(path.stat()) != stamp:
                raise Changed
        for name in self.files:  # an account's pages go when they become a part of the whole
            passing = name.endswith(".part.zst") or not name.startswith(f"{ACCOUNTS}/")
            if not passing and not (self.folders.root / name).exists():
                raise Changed


def _member(name: str, n_bytes: int, modified: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = n_bytes, modified, 0o600
    return info


def _stamp(stat: os.stat_result) -> tuple[int, ...]:
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@dataclass
class _Reading:
    """A file on its way into a tar: its checksum is made of what is written there."""

    file: BinaryIO
    writing: _Writing
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def read(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) < size:
            raise Changed
        self.digest.update(data)
        self.writing.heard(len(data))
        return data
