"""SqliteStore: bot.ports.Store in one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import aiosqlite

from bot.domain import TRANSITIONS, AccountSource, Caller, Job, JobState, Persona
from bot.errors import AlreadyTraining, DiskFull, OperatorError
from bot.store.migrate import migrate
from bot.store.rows import JOB_COLUMNS, PERSONA_COLUMNS, Row, accounts_text, now_text, to_job, to_persona
from trainer.manifest import Manifest

BUSY_MILLISECONDS = 5_000  # another process, such as `mynah say`, may be writing
INTERRUPTED = "It was interrupted every time it was started. Start it again; if that stays so, the log has the reason."


class SqliteStore:
    """One connection. A transaction holds the lock, so that statements of two coroutines never mix in one."""

    def __init__(self, db: aiosqlite.Connection, path: Path) -> None:
        self._db = db
        self._path = path
        self._lock = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[SqliteStore]:
        """Open, or create, and migrate. Raises OperatorError or DiskFull."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with sqlite_errors(path):
            db = await aiosqlite.connect(path, isolation_level=None)
        try:
            with sqlite_errors(path):
                await db.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
                await db.execute("PRAGMA journal_mode = WAL")
                await db.execute("PRAGMA synchronous = FULL")
                await db.execute("PRAGMA foreign_keys = ON")
                await migrate(db, path)
            yield cls(db, path)
        finally:
            await db.close()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """All or nothing, whatever ends it: an error, a cancellation, a kill."""
        async with self._lock:
            with sqlite_errors(self._path):
                await self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                except BaseException:
                    await asyncio.shield(self._db.rollback())
                    raise
                await asyncio.shield(self._db.commit())

    async def _rows(self, sql: str, *values: object) -> list[Row]:
        async with self._lock:
            with sqlite_errors(self._path):
                return list(await self._db.execute_fetchall(sql, values))

    # Personas

    async def personas(self) -> list[Persona]:
        """Current versions, by name."""
        sql = f"SELECT {PERSONA_COLUMNS} FROM personas JOIN versions ON versions.id = current_version ORDER BY name"
        return [to_persona(row) for row in await self._rows(sql)]

    async def persona(self, name: str) -> Persona | None:
        sql = f"SELECT {PERSONA_COLUMNS} FROM personas JOIN versions ON versions.id = current_version WHERE name = ?"
        rows = await self._rows(sql, name)
        return to_persona(rows[0]) if rows else None

    async def next_version(self, name: str) -> int:
        rows = await self._rows("SELECT coalesce(max(number), 0) + 1 FROM versions WHERE persona = ?", name)
        return int(rows[0][0])

    async def publish(self, name: str, version: int, folder: str, n_bytes: int, manifest: Manifest) -> Persona:
        """Record a version with its provenance and make it the current one, in one transaction."""
        now = now_text()
        async with self._transaction() as db:
            await db.execute(
                "INSERT INTO personas (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, now)
            )
            cursor = await db.execute(
                "INSERT INTO versions (persona, number, folder, n_bytes, manifest, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                (name, version, folder, n_bytes, manifest.model_dump_json(), now),
            )
            row_id = cursor.lastrowid
            await db.executemany(
                "INSERT INTO provenance VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (row_id, a.handle, a.source, a.downloaded, a.retweets, a.short, a.kept, a.characters)
                    for a in manifest.corpus.accounts
                ],
            )
            await db.execute("UPDATE personas SET current_version = ? WHERE name = ?", (row_id, name))
        return Persona(name, version, folder, n_bytes, manifest)

    async def forget(self, name: str) -> None:
        """Delete a persona and all that hangs on it. Its jobs keep their rows: when, and how they ended."""
        async with self._transaction() as db:
            await db.execute("UPDATE personas SET current_version = NULL WHERE name = ?", (name,))
            await db.execute("DELETE FROM personas WHERE name = ?", (name,))

    # Jobs

    async def add_job(self, accounts: Sequence[AccountSource], persona: str, caller: Caller) -> Job:
        """Queue a job. Raises AlreadyTraining when one of this persona is queued or running."""
        values = (persona, accounts_text(accounts), caller.platform, caller.user, caller.channel, now_text())
        try:
            async with self._transaction() as db:
                rows = await db.execute_fetchall(
                    "INSERT INTO jobs (persona, accounts, state, platform, user, channel, created_at) "
                    f"VALUES (?, ?, 'queued', ?, ?, ?, ?) RETURNING {JOB_COLUMNS}",
                    values,
                )
        except sqlite3.IntegrityError:
            raise AlreadyTraining(
                f"@{persona} is already training or waiting for it. /jobs shows how far it is."
            ) from None
        return to_job(next(iter(rows)))

    async def job(self, job_id: int) -> Job | None:
        rows = await self._rows(f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ?", job_id)
        return to_job(rows[0]) if rows else None

    async def jobs(self, limit: int = 20) -> list[Job]:
        """Newest first."""
        return [
            to_job(row) for row in await self._rows(f"SELECT {JOB_COLUMNS} FROM jobs ORDER BY id DESC LIMIT ?", limit)
        ]

    async def position(self, job_id: int) -> int:
        """How many active jobs are before this one."""
        sql = "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running') AND id < ?"
        return int((await self._rows(sql, job_id))[0][0])

    async def claim_job(self) -> Job | None:
        """The oldest queued job, now running, its attempts counted."""
        async with self._transaction() as db:
            rows = await db.execute_fetchall(
                "UPDATE jobs SET state = 'running', attempts = attempts + 1 "
                "WHERE id = (SELECT min(id) FROM jobs WHERE state = 'queued') "
                f"RETURNING {JOB_COLUMNS}"
            )
        return next((to_job(row) for row in rows), None)

    async def move_job(self, job_id: int, state: JobState, error: str | None = None) -> bool:
        """Follow one edge of TRANSITIONS; False when the job was not in a state that has it."""
        sources = [old for old, targets in TRANSITIONS.items() if state in targets]
        finished = None if TRANSITIONS[state] else now_text()
        marks = ", ".join("?" * len(sources))
        async with self._transaction() as db:
            cursor = await db.execute(
                f"UPDATE jobs SET state = ?, error = ?, finished_at = ? WHERE id = ? AND state IN ({marks})",
                (state, error, finished, job_id, *sources),
            )
        return cursor.rowcount == 1

    async def requeue_interrupted(self, max_attempts: int) -> list[Job]:
        """Running jobs → queued; those started `max_attempts` times → failed. Returns them as they are now."""
        async with self._transaction() as db:
            rows = await db.execute_fetchall(
                "UPDATE jobs SET state = iif(attempts < ?, 'queued', 'failed'), error = iif(attempts < ?, NULL, ?), "
                f"finished_at = iif(attempts < ?, NULL, ?) WHERE state = 'running' RETURNING {JOB_COLUMNS}",
                (max_attempts, max_attempts, INTERRUPTED, max_attempts, now_text()),
            )
        return sorted((to_job(row) for row in rows), key=lambda job: job.id)

    # Conversations

    async def current_persona(self, channel: str) -> str | None:
        rows = await self._rows("SELECT persona FROM conversations WHERE channel = ?", channel)
        return str(rows[0][0]) if rows else None

    async def set_current_persona(self, channel: str, name: str) -> None:
        async with self._transaction() as db:
            await db.execute(
                "INSERT INTO conversations VALUES (?, ?) ON CONFLICT (channel) DO UPDATE SET persona = excluded.persona",
                (channel, name),
            )


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """The only place that knows sqlite3's errors; IntegrityError passes, for those who caused it on purpose."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        if error.sqlite_errorname == "SQLITE_FULL":
            raise DiskFull(
                "The disk is full. Free some space, then try again; nothing that was there is lost."
            ) from None
        raise OperatorError(
            f"The database {path} can't be used: {error}. If it is damaged, restore a copy, or move it away to start anew."
        ) from error
