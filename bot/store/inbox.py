"""SqliteInbox: bot.ports.Inbox in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Letter
from bot.store.database import Database, Value

KNOWN = 1000  # numbers of letters that have been dealt with
_KEEP = "INSERT OR IGNORE INTO inbox (number, content) VALUES (?, ?) RETURNING number"
_FORGET = "DELETE FROM inbox WHERE content IS NULL AND arrival < (SELECT max(arrival) FROM inbox) - ?"
# Told twice, by the answer and by who handled it: the second time nothing is written.
_DONE = "UPDATE inbox SET content = NULL, note = NULL WHERE number = ? AND content IS NOT NULL"
_REOPEN = "UPDATE inbox SET tries = tries + 1 WHERE content IS NOT NULL RETURNING arrival, number, content, note, tries"


@dataclass(frozen=True)
class SqliteInbox:
    database: Database

    async def keep(self, number: int, content: str) -> bool:
        async with self.database.transaction() as execute:
            await execute(_FORGET, (KNOWN,))
            return bool(await execute(_KEEP, (number, content)))

    async def note(self, number: int, note: str) -> None:
        await self._write("UPDATE inbox SET note = ? WHERE number = ?", note, number)

    async def done(self, number: int) -> None:
        await self._write(_DONE, number)

    async def reopen(self) -> list[Letter]:
        async with self.database.transaction() as execute:
            rows = await execute(_REOPEN, ())
        rows.sort(key=lambda row: int(row["arrival"]))
        return [Letter(row["number"], row["content"], row["note"], row["tries"]) for row in rows]

    async def rest(self) -> None:
        await self._write("UPDATE inbox SET tries = 0 WHERE content IS NOT NULL")
        await self.tidy()

    async def tidy(self) -> None:
        # secure_delete overwrites what is deleted in the file; the log beside it still has it until it is begun anew.
        await asyncio.to_thread(_begin_log_anew, self.database.path)

    async def _write(self, sql: str, *values: Value) -> None:
        async with self.database.transaction() as execute:
            await execute(sql, values)


def _begin_log_anew(path: Path) -> None:
    """Not while somebody reads: then the next time does. On a connection of its own: nobody has to wait for it."""
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
