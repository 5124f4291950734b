"""SqliteSpending: bot.ports.Spending in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

from dataclasses import astuple, dataclass

from bot.domain import Purchase
from bot.store.database import Database

_SPENT = "SELECT coalesce(sum(n * price), 0) AS spent FROM purchases WHERE source = ? AND month = ?"
_BUY = "INSERT INTO purchases (source, month, account, kind, n, price) VALUES (?, ?, ?, ?, ?, ?) RETURNING number"
_SUMS = """SELECT source, month, account, kind, sum(n) AS n, price FROM purchases WHERE source = ? AND n
    GROUP BY month, account, kind, price ORDER BY month DESC, sum(n * price) DESC, account, kind"""


@dataclass(frozen=True)
class SqliteSpending:
    database: Database

    async def spent(self, source: str, month: str) -> int:
        rows = await self.database.fetch(_SPENT, (source, month))
        return int(rows[0]["spent"])

    async def reserve(self, purchase: Purchase, budget: int) -> int | None:
        async with self.database.transaction() as execute:
            rows = await execute(_SPENT, (purchase.source, purchase.month))
            if int(rows[0]["spent"]) + purchase.cost > budget:
                return None
            return int((await execute(_BUY, astuple(purchase)))[0]["number"])

    async def settle(self, number: int, n: int) -> None:
        async with self.database.transaction() as execute:
            await execute("UPDATE purchases SET n = ? WHERE number = ?", (n, number))

    async def purchases(self, source: str) -> list[Purchase]:
        return [Purchase(**dict(row)) for row in await self.database.fetch(_SUMS, (source,))]
