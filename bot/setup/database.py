"""The database as it is: opened for reading alone, so that nothing is made, migrated or left behind."""

from __future__ import annotations

from pathlib import Path

from bot.errors import OperatorError
from bot.setup.check import Check, fine, wrong
from bot.store.database import read_only
from bot.store.migrate import migrations

NAME = "Database"
BACKUP = "Put a backup in its place (`mynah db restore FILE --replace`), or move it away to start anew."


def database(path: Path) -> Check:
    if not path.exists():
        return fine(NAME, f"{path.name} will be made at the first start")
    try:
        with read_only(path) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            problems = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
    except OperatorError as error:
        return wrong(NAME, str(error), "")
    if problems != ["ok"]:
        return wrong(NAME, f"{path} is damaged: {problems[0].splitlines()[-1]}", BACKUP)
    return _schema(int(version))


def _schema(version: int) -> Check:
    newest = max(migrations())
    if version > newest:
        text = f"it belongs to a newer Mynah: its schema is {version}, this one knows {newest}"
        return wrong(NAME, text, "Update Mynah, or give this one a folder of its own with --data-dir.")
    if version < newest:
        return fine(NAME, f"whole; schema {version}, which the next start brings to {newest}")
    return fine(NAME, f"whole; schema {version}")
