"""SqliteUsers: bot.ports.Users in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, dataclass

from bot.domain import UserRules
from bot.store.database import Database

_SET = "INSERT OR REPLACE INTO users (user, blocked, generations_a_day, trainings_a_day) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True)
class SqliteUsers:
    database: Database

    async def user(self, user: str) -> UserRules:
        rows = await self.database.fetch("SELECT * FROM users WHERE user = ?", (user,))
        return _rules(rows[0]) if rows else UserRules(user)

    async def users(self) -> list[UserRules]:
        return [_rules(row) for row in await self.database.fetch("SELECT * FROM users ORDER BY user")]

    async def set_user(self, rules: UserRules) -> None:
        async with self.database.transaction() as execute:
            if rules == UserRules(rules.user):
                await execute("DELETE FROM users WHERE user = ?", (rules.user,))
            else:
                await execute(_SET, astuple(rules))


def _rules(row: sqlite3.Row) -> UserRules:
    return UserRules(row["user"], bool(row["blocked"]), row["generations_a_day"], row["trainings_a_day"])
