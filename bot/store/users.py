"""SqliteUsers: bot.ports.Users in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import astuple, dataclass

from bot.domain import UserRules
from bot.store.database import Database

_GET = "SELECT * FROM users WHERE user = ?"
_SET = "INSERT OR REPLACE INTO users (user, blocked, generations_a_day, trainings_a_day) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True)
class SqliteUsers:
    database: Database

    async def user(self, user: str) -> UserRules:
        rows = await self.database.fetch(_GET, (user,))
        return _rules(rows[0]) if rows else UserRules(user)

    async def users(self) -> list[UserRules]:
        return [_rules(row) for row in await self.database.fetch("SELECT * FROM users ORDER BY user")]

    async def change_user(self, user: str, change: Callable[[UserRules], UserRules]) -> UserRules:
        async with self.database.transaction() as execute:
            rows = await execute(_GET, (user,))
            rules = change(_rules(rows[0]) if rows else UserRules(user))
            if rules == UserRules(user):
                await execute("DELETE FROM users WHERE user = ?", (user,))
            else:
                await execute(_SET, astuple(rules))
        return rules


def _rules(row: sqlite3.Row) -> UserRules:
    return UserRules(row["user"], bool(row["blocked"]), row["generations_a_day"], row["trainings_a_day"])
