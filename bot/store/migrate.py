"""Schema migrations: the files of `migrations/`, in order, each in a transaction of its own."""

from __future__ import annotations

from pathlib import Path

import aiosqlite

from bot.errors import OperatorError

FOLDER = Path(__file__).parent / "migrations"


async def migrate(db: aiosqlite.Connection, path: Path) -> None:
    """Bring a database up to date; `PRAGMA user_version` counts the files applied. Raises OperatorError for a database
    that a newer Mynah made."""
    files = sorted(FOLDER.glob("*.sql"))
    async with db.execute("PRAGMA user_version") as rows:
        row = await rows.fetchone()
    version = int(row[0]) if row else 0
    if version > len(files):
        raise OperatorError(
            f"{path} was made by a newer Mynah (schema {version}; this one knows {len(files)}). "
            "Update Mynah, or use another --data-dir."
        )
    for number, file in enumerate(files[version:], version + 1):
        script = file.read_text(encoding="utf-8")
        await db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
