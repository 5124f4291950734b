"""SqliteChats: bot.ports.Chats in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain import JobMessage
from bot.policy import Rules
from bot.store.database import Database
from bot.store.rows import now

_SET_RULES = """INSERT INTO space_rules (space, rules) VALUES (?, ?)
    ON CONFLICT (space) DO UPDATE SET rules = excluded.rules"""
_SET_MESSAGE = """INSERT INTO job_messages (job, channel, message) VALUES (?, ?, ?)
    ON CONFLICT (job) DO UPDATE SET channel = excluded.channel, message = excluded.message"""
_TELL = """INSERT INTO job_messages (job, channel, message, told) VALUES (?, '', '', 1)
    ON CONFLICT (job) DO UPDATE SET told = 1"""
_USE = """INSERT INTO usage (space, what, day, used) VALUES (?, ?, ?, ?)
    ON CONFLICT (space, what) DO UPDATE
    SET used = iif(day = excluded.day, used, 0) + excluded.used, day = excluded.day"""
_NOTE = "INSERT INTO notes (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text"

_MOVE_SPACE = (
    "UPDATE OR REPLACE persona_spaces SET space = :new WHERE space = :old",
    "UPDATE OR REPLACE space_rules SET space = :new WHERE space = :old",
    "UPDATE OR REPLACE usage SET space = :new WHERE space = :old",
    "UPDATE jobs SET space = :new WHERE space = :old",
)
_MOVE_CHANNEL = (
    "UPDATE OR REPLACE conversations SET channel = :new WHERE channel = :old",
    "DELETE FROM job_messages WHERE channel = :old AND NOT told",  # messages stay behind: new ones are posted
    "UPDATE jobs SET channel = :new WHERE channel = :old",
)


@dataclass(frozen=True)
class SqliteChats:
    database: Database

    async def rules(self, space: str) -> Rules:
        rows = await self.database.fetch("SELECT rules FROM space_rules WHERE space = ?", (space,))
        return Rules.model_validate_json(rows[0]["rules"]) if rows else Rules()

    async def change_rules(self, space: str, change: Callable[[Rules], Rules]) -> Rules:
        async with self.database.transaction() as execute:
            rows = await execute("SELECT rules FROM space_rules WHERE space = ?", (space,))
            rules = change(Rules.model_validate_json(rows[0]["rules"]) if rows else Rules())
            await execute(_SET_RULES, (space, rules.model_dump_json()))
        return rules

    async def used(self, space: str, what: str, day: str) -> int:
        sql = "SELECT used FROM usage WHERE space = ? AND what = ? AND day = ?"
        rows = await self.database.fetch(sql, (space, what, day))
        return int(rows[0]["used"]) if rows else 0

    async def use(self, space: str, what: str, day: str, times: int) -> None:
        await self._write(_USE, space, what, day, times)

    async def optouts(self) -> set[str]:
        return {row["handle"] for row in await self.database.fetch("SELECT handle FROM optouts")}

    async def opt_out(self, handle: str) -> None:
        await self._write("INSERT OR IGNORE INTO optouts (handle, created_at) VALUES (?, ?)", handle, now())

    async def opt_in(self, handle: str) -> None:
        await self._write("DELETE FROM optouts WHERE handle = ?", handle)

    async def set_message(self, message: JobMessage) -> None:
        await self._write(_SET_MESSAGE, message.job_id, message.channel, message.message)

    async def message(self, job_id: int) -> JobMessage | None:
        rows = await self.database.fetch("SELECT * FROM job_messages WHERE job = ?", (job_id,))
        return JobMessage(job_id, rows[0]["channel"], rows[0]["message"]) if rows and rows[0]["message"] else None

    async def tell(self, job_id: int) -> None:
        await self._write(_TELL, job_id)

    async def untold(self, platform: str) -> list[int]:
        sql = """SELECT id FROM jobs LEFT JOIN job_messages ON job = id
            WHERE platform = ? AND jobs.channel <> '' AND NOT coalesce(told, 0)
            AND state IN ('done', 'failed', 'cancelled') ORDER BY id"""
        return [row["id"] for row in await self.database.fetch(sql, (platform,))]

    async def move(self, old: str, new: str, channel: str, new_channel: str) -> None:
        async with self.database.transaction() as execute:
            for sql in _MOVE_SPACE:
                await execute(sql, {"old": old, "new": new})
            for sql in _MOVE_CHANNEL:
                await execute(sql, {"old": channel, "new": new_channel})

    async def note(self, name: str) -> str | None:
        rows = await self.database.fetch("SELECT text FROM notes WHERE name = ?", (name,))
        return rows[0]["text"] if rows else None

    async def set_note(self, name: str, text: str) -> None:
        await self._write(_NOTE, name, text)

    async def _write(self, sql: str, *values: str | int) -> None:
        async with self.database.transaction() as execute:
            await execute(sql, values)
