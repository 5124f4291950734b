"""SqliteLibrary: bot.ports.Library in the store's database. Every method may raise OperatorError (DiskFull, …)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.domain import Summary, Version
from bot.errors import AlreadyThere, NotFound
from bot.store.database import Database
from bot.store.rows import now, time_or_none

TOUCH_EVERY = timedelta(hours=1)
_SUMMARIES = """SELECT name, version, n_bytes, created_at, used_at,
    (SELECT coalesce(sum(downloaded), 0) FROM provenance
        WHERE provenance.persona = name AND provenance.version = number) AS posts,
    json_extract(manifest, '$.base.name') AS base,
    json_extract(manifest, '$.run.method') AS method,
    coalesce(json_extract(manifest, '$.report.bits_per_byte'),
        json_extract(manifest, '$.run.bits_per_byte')) AS bits_per_byte,
    json_extract(manifest, '$.report.attribution') AS attribution,
    json_extract(manifest, '$.origin.repo') AS origin,
    EXISTS (SELECT 1 FROM provenance JOIN optouts USING (handle)
        WHERE provenance.persona = name AND provenance.version = number) AS silent
    FROM personas JOIN versions ON persona = name AND number = version ORDER BY name"""
_VERSIONS = """SELECT persona, number, folder, n_bytes, created_at, used_at, number = version AS current
    FROM versions JOIN personas ON persona = name ORDER BY persona, number"""
_TOUCH = "UPDATE personas SET used_at = ? WHERE name = ? AND coalesce(used_at, '') < ?"
_DROP = """DELETE FROM versions WHERE persona = ? AND number = ?
    AND number <> (SELECT version FROM personas WHERE name = persona) RETURNING number"""
_RENAME = (
    "UPDATE personas SET name = :new WHERE name = :old",
    """UPDATE versions SET persona = :new, manifest = json_set(manifest, '$.persona', :new),
        folder = 'personas/' || :new || substr(folder, length('personas/' || :old) + 1) WHERE persona = :old""",
    "UPDATE provenance SET persona = :new WHERE persona = :old",
    "UPDATE persona_spaces SET persona = :new WHERE persona = :old",
    "UPDATE conversations SET persona = :new WHERE persona = :old",
    "UPDATE publications SET persona = :new WHERE persona = :old",
    "UPDATE jobs SET persona = :new WHERE persona = :old",
    """UPDATE jobs SET accounts =
        replace(accounts, '"stored:personas/' || :old || '/', '"stored:personas/' || :new || '/')""",
    "UPDATE space_rules SET rules = json_set(rules, '$.persona', :new) WHERE json_extract(rules, '$.persona') = :old",
)


@dataclass(frozen=True)
class SqliteLibrary:
    database: Database

    async def summaries(self) -> list[Summary]:
        return [_summary(row) for row in await self.database.fetch(_SUMMARIES)]

    async def versions(self) -> list[Version]:
        return [_version(row) for row in await self.database.fetch(_VERSIONS)]

    async def touch(self, name: str) -> None:
        before = (datetime.now(UTC) - TOUCH_EVERY).isoformat()
        fresh = "SELECT 1 FROM personas WHERE name = ? AND coalesce(used_at, '') < ?"
        if await self.database.fetch(fresh, (name, before)):  # reading waits for no disk
            async with self.database.transaction() as execute:
                await execute(_TOUCH, (now(), name, before))

    async def rename(self, old: str, new: str) -> None:
        async with self.database.transaction() as execute:
            if await execute("SELECT 1 FROM personas WHERE name = ?", (new,)):
                raise AlreadyThere(f"There is a persona @{new} already. Choose another name.")
            if not await execute("SELECT 1 FROM personas WHERE name = ?", (old,)):
                raise NotFound(f"There is no persona @{old}.")
            await execute("PRAGMA defer_foreign_keys = ON", ())  # until the end of this transaction
            for sql in _RENAME:
                await execute(sql, {"old": old, "new": new})

    async def drop_version(self, name: str, number: int) -> bool:
        async with self.database.transaction() as execute:
            return bool(await execute(_DROP, (name, number)))


def _summary(row: sqlite3.Row) -> Summary:
    times = {"created_at": datetime.fromisoformat(row["created_at"]), "used_at": time_or_none(row["used_at"])}
    return Summary(**{**dict(row), **times, "silent": bool(row["silent"])})


def _version(row: sqlite3.Row) -> Version:
    times = {"created_at": datetime.fromisoformat(row["created_at"]), "used_at": time_or_none(row["used_at"])}
    return Version(**{**dict(row), **times, "current": bool(row["current"])})
