from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import OperatorError
from bot.store import migrate as module
from bot.store.database import open_database
from bot.store.migrate import migrate, migrations, statements
from bot.store.sqlite import SqliteStore
from tests.builders import manifest

NEWEST = max(migrations())


def schema(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
        return [(name, sql) for name, sql in rows]


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def open_and_close(path: Path) -> None:
    async with open_database(path) as database:
        await migrate(database)


def test_migrations_are_numbered_without_gaps() -> None:
    assert list(migrations()) == list(range(1, NEWEST + 1))


def test_a_script_is_split_at_the_ends_of_its_statements() -> None:
    script = """-- A comment; with a semicolon.
CREATE TABLE a (
  b TEXT DEFAULT ';' -- another; one
);
CREATE TRIGGER c AFTER INSERT ON a BEGIN
  DELETE FROM a;
END;
-- The end.
"""
    first, second = statements(script)
    assert first.endswith(");\n")
    assert second.startswith("CREATE TRIGGER")


async def test_from_empty_to_the_newest_and_again_without_change(path: Path) -> None:
    await open_and_close(path)
    before = schema(path)
    assert {"personas", "versions", "provenance", "jobs", "conversations", "one_active_job"} <= dict(before).keys()
    assert version(path) == NEWEST
    await open_and_close(path)
    assert schema(path) == before
    assert version(path) == NEWEST


async def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    await open_and_close(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {NEWEST + 1}")
    with pytest.raises(OperatorError, match=r"mynah\.sqlite3 belongs to a newer Mynah"):
        async with SqliteStore.open(path):
            pass
    assert version(path) == NEWEST + 1


@pytest.fixture
def next_migration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Writes a migration of the future."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    for file in module.FOLDER.glob("*.sql"):
        (folder / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(module, "FOLDER", folder)

    def write(script: str) -> None:
        (folder / f"{NEWEST + 1:04}_future.sql").write_text(script)

    return write


async def test_a_later_migration_keeps_what_is_there(path: Path, next_migration: Callable[[str], None]) -> None:
    async with SqliteStore.open(path) as store:
        persona = await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    next_migration("ALTER TABLE jobs ADD COLUMN note TEXT;\nCREATE TABLE future (a TEXT);\n")
    async with SqliteStore.open(path) as store:
        assert await store.personas() == [persona]
        assert "note" in {row["name"] for row in await store.database.fetch("PRAGMA table_info(jobs)")}
    assert version(path) == NEWEST + 1


async def test_a_migration_that_fails_leaves_the_schema_before_it(
    path: Path, next_migration: Callable[[str], None]
) -> None:
    await open_and_close(path)
    before = schema(path)
    next_migration("CREATE TABLE future (a TEXT);\nCREATE TABLE jobs (a TEXT);\n")
    with pytest.raises(OperatorError):
        await open_and_close(path)
    assert schema(path) == before
    assert version(path) == NEWEST


async def test_several_open_a_new_file_at_the_same_time(path: Path) -> None:
    await asyncio.gather(*(open_and_close(path) for _ in range(8)))
    assert version(path) == NEWEST
