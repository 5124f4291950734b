"""Restoring a backup: all of it is unpacked beside what is there, and checked; then renames put it into place."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from bot.backup.contents import CONTENTS, DATABASE, FOLDERS, UPLOADS, Contents, belongs
from bot.backup.writing import NO_ROOM, Tell
from bot.errors import BadInput, DiskFull, OperatorError
from bot.figures import bytes_text
from bot.folders import Folders, unfinished
from bot.store.database import problems, settle, writable
from bot.store.migrate import check_known, schema
from trainer.manifest import FileRecord

PIECE = 1024 * 1024
MOST_CONTENTS = 256 * 1024 * 1024  # bytes of the list of files
MOVED = (f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE, *FOLDERS, "work")
Migrate = Callable[[Path], None]


@dataclass(frozen=True)
class Restored:
    """`aside`: where what was there before is now. `schema_version`: the database's, after it was migrated."""

    contents: Contents
    schema_version: int
    aside: Path | None


def restore(file: Path, folders: Folders, migrate: Migrate, tell: Tell, now: datetime, replace: bool) -> Restored:
    """`migrate` brings a database file up to date. Raises BadInput or OperatorError (DataDirInUse, DiskFull, …).

    Whatever is raised before the last step, the data folder is as it was.
    """
    with _opened(file) as (tar, contents, members):
        folders.make()
        with _explained(folders.root), folders.owned():
            _check_empty(folders, replace)
            _check_room(folders, contents)
            with unfinished(folders.root, "restore") as part:
                part.mkdir(mode=0o700)
                _unpack(tar, contents, members, part, tell)
                _prepare_database(part / DATABASE, contents, folders, migrate)
                os.sync()
                return Restored(contents, schema(part / DATABASE), _move_in(part, folders, now))


@contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, Contents, dict[str, tarfile.TarInfo]]]:
    """A backup that is whole as far as its list of files can tell. Raises BadInput or OperatorError."""
    try:
        with tarfile.open(file, "r:") as tar:
            members = _members(file, tar)
            contents = _contents(file, tar, members)
            yield tar, contents, {name: members[name] for name in contents.files}
    except tarfile.TarError as error:
        raise BadInput(
            f"{file} is no backup of Mynah, or it was cut or damaged ({error}). Nothing was restored; take another one."
        ) from error
    except FileNotFoundError:
        raise BadInput(f"There is no file {file}.") from None
    except OSError as error:
        raise BadInput(f"{file} can't be read ({error.strerror or error}).") from error


def _members(file: Path, tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    """By name, in the tar's order. Raises BadInput for what no backup has: links, and ways out of the data folder."""
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        if not members and member.name != DATABASE:
            raise BadInput(f"{file} is no backup of Mynah. `mynah db backup` makes one.")
        if member.type != tarfile.REGTYPE or (member.name != CONTENTS and not belongs(member.name)):
            raise BadInput(f"{file} has {member.name!r} in it, which no backup of Mynah has. Nothing was restored.")
        if member.name in members:
            raise BadInput(f"{file} has {member.name!r} twice, as no backup of Mynah has. Nothing was restored.")
        members[member.name] = member
    return members


def _contents(file: Path, tar: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> Contents:
    last = members.pop(CONTENTS, None)
    if last is None or last.size > MOST_CONTENTS:
        raise BadInput(f"{file} was cut: its end is missing. Nothing was restored; take another one.")
    stream = tar.extractfile(last)
    assert stream is not None  # it is a regular file
    data = stream.read()
    try:
        contents = Contents.model_validate_json(data)
    except ValidationError as error:
        raise BadInput(f"{file} was made by another Mynah than this one understands: {_why(data)}.") from error
    sizes = {name: member.size for name, member in members.items()}
    if sizes != {name: record.n_bytes for name, record in contents.files.items()}:
        raise BadInput(f"{file} is damaged: it has other files than it lists. Nothing was restored; take another one.")
    check_known(file / DATABASE, contents.schema_version)
    return contents


def _why(data: bytes) -> str:
    with suppress(ValueError):
        record = json.loads(data)
        if isinstance(record, dict) and "mynah" in record:
            return f"it is of Mynah {record['mynah']}, format {record.get('format')}. Update Mynah"
    return "its list of files can't be read"


def _check_empty(folders: Folders, replace: bool) -> None:
    there = [name for name in (DATABASE, *FOLDERS) if (folders.root / name).exists()]
    if there and not replace:
        raise BadInput(
            f"There is something in {folders.root} already ({', '.join(there)}). Restore into another --data-dir, or "
            "say --replace: then what is there is moved aside, not deleted."
        )


def _check_room(folders: Folders, contents: Contents) -> None:
    free = shutil.disk_usage(folders.root).free
    if free < contents.n_bytes:
        raise _no_room(folders.root, f"{bytes_text(contents.n_bytes)} are needed, {bytes_text(free)} are free")


def _no_room(root: Path, figures: str) -> DiskFull:
    return DiskFull(f"There is not enough room in {root} to restore the backup: {figures}. Nothing was restored.")


@contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise _no_room(root, f"{bytes_text(shutil.disk_usage(root).free)} are free") from error
        raise OperatorError(
            f"The backup was not restored: {error.filename or root} ({error.strerror or error})."
        ) from error


def _unpack(
    tar: tarfile.TarFile, contents: Contents, members: Mapping[str, tarfile.TarInfo], part: Path, tell: Tell
) -> None:
    """Every file with the checksum that it had. Raises BadInput, TarError or OSError."""
    done = 0
    posts: dict[FileRecord, Path] = {}  # personas keep another name of the file that was read
    for name, member in members.items():
        path, record = part / name, contents.files[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        if _extract(tar, member, path) != record.sha256:
            raise BadInput(
                f"The backup is damaged: {name} has another checksum than it had. Nothing was restored; take "
                "another one."
            )
        if name.endswith(".jsonl.zst") and posts.setdefault(record, path) != path:
            _link(posts[record], path)
        done += record.n_bytes
        tell(done, contents.n_bytes)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    """Returns the checksum."""
    digest = hashlib.sha256()
    source = tar.extractfile(member)
    assert source is not None  # it is a regular file
    with source, path.open("xb") as file:
        while data := source.read(PIECE):
            digest.update(data)
            file.write(data)
    os.utime(path, (member.mtime, member.mtime))
    return digest.hexdigest()


def _link(same: Path, path: Path) -> None:
    """One file under two names again, where the file system can."""
    other = path.with_name(f".{path.name}.link")
    with suppress(OSError):
        os.link(same, other)
        other.replace(path)


def _prepare_database(path: Path, contents: Contents, folders: Folders, migrate: Migrate) -> None:
    """Checked, migrated, and with uploads where they will be; one file once it is closed. Raises BadInput or others."""
    check_known(path, schema(path))
    if wrong := problems(path):
        raise BadInput(f"The database in the backup is damaged ({wrong[0]}). Nothing was restored; take another one.")
    migrate(path)
    old, new = (f"file:{Path(root) / UPLOADS}/" for root in (contents.data_dir, folders.root))
    with writable(path) as connection:
        for row in connection.execute("SELECT id, accounts FROM jobs WHERE state IN ('queued', 'running')").fetchall():
            accounts = json.loads(row["accounts"])
            for account in accounts:
                if account["reference"].startswith(old):
                    account["reference"] = new + account["reference"].removeprefix(old)
            connection.execute("UPDATE jobs SET accounts = ? WHERE id = ?", (json.dumps(accounts), row["id"]))


def _move_in(part: Path, folders: Folders, now: datetime) -> Path | None:
    """The database last: until it is there, nothing here is a bot's. Returns where what was there is now."""
    if folders.database.exists():
        with suppress(OperatorError):  # a damaged one stays as it is
            settle(folders.database)
    aside = folders.root / f"before-{now:%Y%m%d-%H%M%S}"
    out = [(folders.root / name, aside / name) for name in MOVED if (folders.root / name).exists()]
    into = [(part / name, folders.root / name) for name in (*FOLDERS, DATABASE) if (part / name).exists()]
    with _undisturbed():
        if out:
            aside.mkdir(mode=0o700)
        _rename((*out, *into))
    return aside if out else None


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C and SIGTERM do nothing: this takes a moment, and then there is nothing left to stop."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _rename(moves: Iterable[tuple[Path, Path]]) -> None:
    """All or none. Raises OSError."""
    done: list[tuple[Path, Path]] = []
    try:
        for old, new in moves:
            old.rename(new)
            done.append((old, new))
    except BaseException:
        for old, new in reversed(done):
            new.rename(old)
        raise
