"""Schema migrations: `migrations/NNNN_*.sql`, in order, a transaction each; `user_version` is the last one's number."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.errors import OperatorError
from bot.store.database import Database, read_only

FOLDER = Path(__file__).with_name("migrations")


def migrations() -> dict[int, str]:
    """Number → SQL, in order."""
    return {int(path.name[:4]): path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.sql"))}


def statements(script: str) -> Iterator[str]:
    """A script's statements one by one: sqlite3's own executescript() would commit the transaction it is called in."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def schema(path: Path) -> int:
    """Of a file that is there; 0: it is empty. Raises OperatorError."""
    with read_only(path) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def newest() -> int:
    """The schema that this Mynah works with."""
    return max(migrations())


def check_known(path: Path, version: int) -> None:
    """Raises OperatorError when the file is a newer Mynah's."""
    if version > newest():
        raise OperatorError(
            f"The database {path} belongs to a newer Mynah (its schema is {version}, this one knows "
            f"{newest()}). Update Mynah, or give this one a folder of its own with --data-dir."
        )


async def migrate(database: Database) -> None:
    """Bring the schema up to date. Raises OperatorError, also when the file is a newer Mynah's."""
    scripts = migrations()
    version = _number(await database.fetch("PRAGMA user_version"))
    check_known(database.path, version)
    for number in range(version + 1, max(scripts) + 1):
        await _apply(database, number, scripts[number])


async def _apply(database: Database, number: int, script: str) -> None:
    async with database.transaction() as execute:
        if _number(await execute("PRAGMA user_version", ())) >= number:
            return  # another process was faster
        for statement in statements(script):
            await execute(statement, ())
        await execute(f"PRAGMA user_version = {number}", ())


def _number(rows: list[sqlite3.Row]) -> int:
    return int(rows[0][0])
