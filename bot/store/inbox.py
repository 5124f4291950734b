"""SqliteInbox: bot.ports.Inbox in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Letter
from bot.store.database import Database, Value

KNOWN = 1000  # numbers of letters that have been dealt with
_FORGET = "DELETE FROM inbox WHERE content IS NULL AND number < (SELECT max(number) FROM inbox) - ?"
_REOPEN = "UPDATE inbox SET tries = tries + 1 WHERE content IS NOT NULL RETURNING number, content, note, tries"


@dataclass(frozen=True)
class SqliteInbox:
    database: Database

    async def keep(self, number: int, content: str) -> bool:
        sql = "INSERT OR IGNORE INTO inbox (number, content) VALUES (?, ?) RETURNING number"
        async with self.database.transaction() as execute:
            await execute(_FORGET, (KNOWN,))
            return bool(await execute(sql, (number, content)))

    async def note(self, number: int, note: str) -> None:
        await self._write("UPDATE inbox SET note = ? WHERE number = ?", note, number)

    async def done(self, number: int) -> None:
        await self._write("UPDATE inbox SET content = NULL, note = NULL WHERE number = ?", number)

    async def reopen(self) -> list[Letter]:
        async with self.database.transaction() as execute:
            rows = await execute(_REOPEN, ())
        return [Letter(**dict(row)) for row in sorted(rows, key=lambda row: int(row["number"]))]

    async def _write(self, sql: str, *values: Value) -> None:
        async with self.database.transaction() as execute:
            await execute(sql, values)
