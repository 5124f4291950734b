"""One connection to the database file: its settings, its transactions, and SQLite's errors in our words."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiosqlite

from bot.errors import DiskFull, OperatorError
from bot.store.reading import UNLOCKED, read_only_uri

Value = str | int | None
Values = Sequence[Value] | Mapping[str, Value]
Execute = Callable[[str, Values], Awaitable[list[sqlite3.Row]]]

BUSY_SECONDS = 5.0  # how long to wait for another process that writes
COPIES = 5  # tries
OLDEST_SQLITE = (3, 37)  # the first with STRICT tables; RETURNING is older
PRAGMAS = (
    "synchronous = FULL",  # what is committed survives a power cut; commits are few (about a millisecond each)
    "foreign_keys = ON",
    "secure_delete = ON",  # what was forgotten is overwritten, not just unlinked
)


@dataclass(frozen=True)
class Database:
    """Statements of concurrent coroutines never mix: whoever wants the connection waits for the lock."""

    path: Path
    connection: aiosqlite.Connection
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fetch(self, sql: str, values: Values = ()) -> list[sqlite3.Row]:
        """One statement by itself; for reading. Raises OperatorError."""
        async with self._lock:
            with translated(self.path):
                return await self._execute(sql, values)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Execute]:
        """All of the body's statements or none: they are undone when it raises or is cancelled. Raises OperatorError.

        A coroutine that is cancelled while its COMMIT is under way is the exception: then they stay.
        The connection's thread works in the order of asking, also for coroutines that were cancelled meanwhile. So the
        rollback comes after the statement that was under way, and before anything of the next transaction.
        """
        async with self._lock:
            with translated(self.path):
                try:
                    await self._execute("BEGIN IMMEDIATE", ())
                    yield self._execute
                    await self.connection.commit()
                except BaseException:
                    await self.connection.rollback()  # does nothing when there is no transaction (any more)
                    raise

    async def close(self) -> None:
        """After those who are waiting or in the middle of a transaction. Raises OperatorError."""
        try:
            async with self._lock:
                pass
        finally:
            with translated(self.path):
                await self.connection.close()

    async def _execute(self, sql: str, values: Values) -> list[sqlite3.Row]:
        return list(await self.connection.execute_fetchall(sql, values))


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """The file, made with its folder when missing. Raises OperatorError."""
    _check_sqlite()
    _make_folder(path.parent)
    with translated(path):
        sqlite3.connect(path).close()  # aiosqlite would not wait for its thread's end when the file can't be opened
        connection = await aiosqlite.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    database = Database(path, connection)
    try:
        connection.row_factory = sqlite3.Row
        await _use_wal(database)
        for pragma in PRAGMAS:
            await database.fetch(f"PRAGMA {pragma}")
        yield database
    finally:
        await database.close()


async def _use_wal(database: Database) -> None:
    """Readers and one writer at the same time: the bot and the CLI. Raises OperatorError.

    A new file's change to WAL doesn't wait for others who are at it, whatever the timeout says: so it is tried again.
    """
    end = time.monotonic() + BUSY_SECONDS
    with translated(database.path):
        while True:
            try:
                await database.connection.execute_fetchall("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
            await asyncio.sleep(0.02)


@contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that is there, as it is: nothing is made or migrated. Raises OperatorError."""
    with _opened(path, read_only_uri(path)) as connection:
        yield connection


@contextmanager
def _opened(path: Path, uri: str) -> Iterator[sqlite3.Connection]:
    with translated(path), closing(sqlite3.connect(uri, uri=True)) as connection:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        connection.row_factory = sqlite3.Row
        yield connection


@contextmanager
def writable(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that nobody else has open, changed in one transaction; what was there before is overwritten."""
    with translated(path), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        connection.row_factory = sqlite3.Row
        with connection:
            yield connection


def copy_database(path: Path, to: Path) -> None:
    """All that is committed at one moment, whoever writes meanwhile, into a new file for its owner alone.

    Only what is there: no free pages, in which something may be left. Raises OperatorError (DiskFull, …) or OSError.
    """
    os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        if not any(_copied(path, to) for _ in range(COPIES)):
            raise OperatorError(f"The database {path} was changed each time while it was copied. Try again.")
    except BaseException:
        to.unlink(missing_ok=True)
        raise


def _copied(path: Path, to: Path) -> bool:
    """False: it was read as a database at rest, without locks, and somebody has begun to write meanwhile."""
    before, uri = _state(path), read_only_uri(path)
    os.truncate(to, 0)
    try:
        with _opened(path, uri) as connection, translated(to, read=path):
            connection.execute("VACUUM INTO ?", (str(to),))
        _check_sound(path, to)
    except OperatorError:
        if UNLOCKED not in uri or _state(path) == before:
            raise
        return False
    return UNLOCKED not in uri or _state(path) == before


def _check_sound(path: Path, copy: Path) -> None:
    with read_only(copy) as connection:
        if wrong := _damage(connection):
            raise OperatorError(f"A copy of the database {path} is damaged ({wrong[0]}): see `mynah db check`.")


def _state(path: Path) -> tuple[int, int, bool]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, path.with_name(f"{path.name}-wal").exists()


def settle(path: Path) -> None:
    """What is committed is in the file itself, none of it in the log beside it. Raises OperatorError."""
    with translated(path), closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def problems(path: Path) -> list[str]:
    """What SQLite finds wrong with a file, a sentence each; none: it is sound. Raises OperatorError."""
    with read_only(path) as connection:
        return _damage(connection) + [
            f"row {row[1]} of {row[0]} refers to a row of {row[2]} that isn't there"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]


def _damage(connection: sqlite3.Connection) -> list[str]:
    return [str(row[0]) for row in connection.execute("PRAGMA quick_check") if row[0] != "ok"]


def _check_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise OperatorError(
            f"This Python has SQLite {sqlite3.sqlite_version}; Mynah needs {'.'.join(map(str, OLDEST_SQLITE))} or "
            "newer. Install it with a newer Python."
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OperatorError(f"The folder {folder} can't be made ({error.strerror}). Choose another one.") from error


@contextmanager
def translated(path: Path, read: Path | None = None) -> Iterator[None]:
    """The only place that catches SQLite's errors: they become OperatorErrors, with a sentence that names the file.

    `read`: what is copied to `path`, if that is what is done: damage is the original's.
    """
    try:
        yield
    except sqlite3.Error as error:
        damaged = getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        raise _explain(read if read and damaged else path, error) from error


_DAMAGED = (
    "The database {} is damaged, or no database. Put a backup in its place with `mynah db restore FILE --replace`, or "
    "move it away to start anew."
)
_DENIED = "The database {} can't be opened or written. Check that Mynah's user may write there, in its folder too."
_LOCKED = "Another process keeps the database {} locked. Close that one, or try again."
_SENTENCES = {
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _DENIED,
    sqlite3.SQLITE_CANTOPEN: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_IOERR: "The database {} can't be read or written: its disk has a problem.",
}


def _explain(path: Path, error: sqlite3.Error) -> OperatorError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE)
    primary = code & 0xFF  # the rest is detail
    # In WAL mode a full disk may first be noticed when the index file beside the database grows.
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return DiskFull(
            f"The disk is full: the database {path} can't grow. Free some space, then try again; "
            "what was there before is not lost."
        )
    if primary in _SENTENCES:
        return OperatorError(_SENTENCES[primary].format(path))
    return OperatorError(f"The database {path} refused a statement ({error}). This is an error in Mynah.")
