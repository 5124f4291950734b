from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import aiosqlite
import pytest

from bot.domain import AccountSource, Caller
from bot.errors import OperatorError
from bot.store import database
from bot.store.database import copy_database, open_database, translated
from bot.store.reading import UNLOCKED, read_only_uri
from bot.store.sqlite import SqliteStore
from tests.builders import manifest

PAGE = 4096


async def read_everything(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.personas()
        await store.jobs()


def read(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


async def test_settings(store: SqliteStore) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5_000, "secure_delete": 1}
    for name, value in wanted.items():
        assert (await store.database.fetch(f"PRAGMA {name}"))[0][0] == value


async def test_a_transaction_that_raises_is_undone(store: SqliteStore) -> None:
    job = await store.add_job([AccountSource("alice", "file:/a")], "alice", Caller("console", "me", "terminal"))

    async def move_and_raise() -> None:
        async with store.database.transaction() as execute:
            await execute("UPDATE jobs SET state = 'running'", ())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await move_and_raise()
    assert await store.jobs() == [job]


async def test_cancelled_while_it_waits_for_another_process(path: Path, store: SqliteStore) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.publish("alice", 1, "personas/alice/v1", 1, manifest()))
        await asyncio.sleep(0.05)
        task.cancel()
        other.execute("COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await store.persona("alice") is None
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())


async def test_another_process_that_keeps_it_locked(path: Path, store: SqliteStore) -> None:
    await store.database.fetch("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperatorError, match="Another process keeps the database"):
            await store.claim_job()
        assert await store.jobs() == []  # reading goes on
    assert await store.claim_job() is None


async def test_a_database_that_cannot_be_written(store: SqliteStore) -> None:
    await store.database.fetch("PRAGMA query_only = ON")
    with pytest.raises(OperatorError, match="can't be opened or written"):
        await store.publish("alice", 1, "personas/alice/v1", 1, manifest())


async def test_a_path_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its thread would outlive the event loop, and complain on stderr.
    monkeypatch.setattr(aiosqlite, "connect", lambda *_, **__: pytest.fail("aiosqlite was asked to open it"))
    with pytest.raises(OperatorError, match="can't be opened or written"):
        await read_everything(tmp_path)


async def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OperatorError, match=r"The folder .*file/data can't be made"):
        await read_everything(tmp_path / "file" / "data" / "mynah.sqlite3")


@pytest.mark.parametrize("content", [b"These are no tables. " * 300, b"SQLite format 3\x00" + b"\xff" * 5_000])
async def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mynah.sqlite3"
    write(path, content)
    with pytest.raises(OperatorError, match=r"mynah\.sqlite3 is damaged"):
        await read_everything(path)
    assert read(path) == content


async def test_a_database_of_which_a_part_is_missing(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    write(path, read(path)[: 2 * PAGE])
    with pytest.raises(OperatorError, match=r"mynah\.sqlite3 is damaged"):
        await read_everything(path)


async def test_a_database_with_garbage_inside(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    write(path, read(path)[:PAGE].ljust(len(read(path)), b"\xa5"))
    with pytest.raises(OperatorError, match=r"mynah\.sqlite3 is damaged"):
        await read_everything(path)


async def test_a_statement_that_is_wrong(store: SqliteStore) -> None:
    with pytest.raises(OperatorError, match="This is an error in Mynah") as raised:
        await store.database.fetch("SELECT * FROM nothing")
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)


def test_only_sqlite_errors_are_translated(tmp_path: Path) -> None:
    with pytest.raises(KeyError), translated(tmp_path):
        raise KeyError
    with pytest.raises(OperatorError), translated(tmp_path):
        raise sqlite3.ProgrammingError("Python's own, without a code of SQLite")


async def test_an_sqlite_that_is_too_old(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_SQLITE", (99, 1))
    with pytest.raises(OperatorError, match=r"Mynah needs 99\.1 or newer"):
        async with open_database(path):
            pass


def written(path: Path, text: str) -> sqlite3.Connection:
    """As a bot that has begun to write: it has the file open."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS said (text)")
    connection.execute("INSERT INTO said VALUES (?)", (text,))
    connection.commit()
    return connection


def texts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM said")]


def test_who_begins_to_write_while_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mynah.sqlite3"
    written(path, "before").close()
    writing: list[sqlite3.Connection] = []

    def at_rest_until_now(path: Path) -> str:
        uri = read_only_uri(path)
        if not writing:
            assert UNLOCKED in uri
            writing.append(written(path, "meanwhile"))
        return uri

    monkeypatch.setattr(database, "read_only_uri", at_rest_until_now)
    copy_database(path, tmp_path / "copy.sqlite3")
    writing[0].close()
    assert texts(tmp_path / "copy.sqlite3") == ["before", "meanwhile"]


def test_a_copy_that_is_never_whole_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mynah.sqlite3"
    written(path, "before").close()

    def briefly_written(path: Path) -> str:
        uri = read_only_uri(path)
        written(path, "a while " * 1000).close()
        return uri

    monkeypatch.setattr(database, "read_only_uri", briefly_written)
    with pytest.raises(OperatorError, match="changed each time while it was copied"):
        copy_database(path, tmp_path / "copy.sqlite3")
    assert not (tmp_path / "copy.sqlite3").exists()
