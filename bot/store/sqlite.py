"""SqliteStore: bot.ports.Store in one SQLite file. Every method may raise OperatorError (DiskFull, …).

Several processes may open the file at the same time. `forget` keeps a persona's ended jobs as history, but of what they
held only the name, state and times stay: not who asked, where, from which files, nor what went wrong. A job that is
queued or running is left alone: whoever cancels it comes first.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bot.domain import AccountSource, Caller, Job, JobState, Persona, Publication, already_training, can_move
from bot.store.database import Database, open_database
from bot.store.migrate import migrate
from bot.store.rows import accounts_to_json, job_from_row, now, persona_from_row, publication_from_row, text
from trainer.manifest import Manifest
from trainer.protocol import ReportCard

_PERSONAS = "SELECT versions.* FROM personas JOIN versions ON persona = name AND number = version"
_NAMES = """SELECT name, handle FROM personas
    LEFT JOIN provenance ON provenance.persona = name AND provenance.version = personas.version"""
_PUBLISH = """INSERT INTO personas (name, version) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version"""
_ADD_VERSION = "INSERT INTO versions (persona, number, folder, n_bytes, manifest, created_at) VALUES (?, ?, ?, ?, ?, ?)"
_ADD_PROVENANCE = """INSERT INTO provenance
    (persona, version, handle, source, downloaded, retweets, short, kept, characters)
    VALUES (:persona, :version, :handle, :source, :downloaded, :retweets, :short, :kept, :characters)"""
_SET_MANIFEST = "UPDATE versions SET manifest = ? WHERE persona = ? AND number = ?"
_FORGET_JOBS = """UPDATE jobs SET accounts = '[]', user = '', channel = '', space = '', error = NULL
    WHERE persona = ? AND state NOT IN ('queued', 'running')"""
_SHOW = "INSERT OR IGNORE INTO persona_spaces (persona, space) VALUES (?, ?)"
_SEEN = "WHERE name IN (SELECT persona FROM persona_spaces WHERE space IN ('', :space)) OR :space = ''"
_FORGET_MESSAGES = """DELETE FROM job_messages WHERE job IN
    (SELECT id FROM jobs WHERE persona = ? AND state NOT IN ('queued', 'running'))"""
_ADD_JOB = """INSERT INTO jobs (persona, accounts, platform, user, channel, space, locale, fresh, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (persona) WHERE state IN ('queued', 'running') DO NOTHING RETURNING *"""
_ACTIVE_JOB = "SELECT * FROM jobs WHERE persona = ? AND state IN ('queued', 'running')"
_JOBS = "SELECT * FROM jobs WHERE :space IN ('', space) ORDER BY id DESC LIMIT :limit"
_POSITION = """SELECT count(*) FROM jobs AS this JOIN jobs AS other
    WHERE this.id = ? AND this.state = 'queued'
    AND (other.state = 'running' OR other.state = 'queued' AND other.id < this.id)"""
_CLAIM = """UPDATE jobs SET state = 'running', attempts = attempts + 1, started_at = ?
    WHERE id = (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 1) RETURNING *"""
_MOVE = """UPDATE jobs SET state = :state, error = :error,
    attempts = attempts + (:state = 'running') - (:state = 'queued'),
    started_at = iif(:state = 'running', :now, started_at),
    finished_at = iif(:state IN ('done', 'failed', 'cancelled'), :now, finished_at)
    WHERE id = :id AND state IN ({}) RETURNING id"""
_FAIL_INTERRUPTED = """UPDATE jobs SET state = 'failed', finished_at = ?,
    error = 'It was interrupted in attempt ' || attempts || ', and is not tried again by itself. '
        || 'To start anew: /train @' || replace(persona, '-', ' @')
    WHERE state = 'running' AND attempts >= ? RETURNING *"""
_REQUEUE = "UPDATE jobs SET state = 'queued', error = NULL WHERE state = 'running' RETURNING *"
# Only where it changes something: then a /say needn't wait for the disk.
_SET_CURRENT = """INSERT INTO conversations (channel, persona) SELECT ?, name FROM personas WHERE name = ?
    ON CONFLICT (channel) DO UPDATE SET persona = excluded.persona WHERE persona <> excluded.persona"""


@dataclass(frozen=True)
class SqliteStore:
    database: Database

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[Self]:
        """The store in this file; makes it and its folder. Raises OperatorError, also when a newer Mynah made it."""
        async with open_database(path) as database:
            await migrate(database)
            yield cls(database)

    async def personas(self, space: str = "") -> list[Persona]:
        rows = await self.database.fetch(f"{_PERSONAS} {_SEEN} ORDER BY name", {"space": space})
        return [persona_from_row(row) for row in rows]

    async def names(self, space: str = "") -> dict[str, frozenset[str]]:
        handles: dict[str, set[str]] = {}
        for row in await self.database.fetch(f"{_NAMES} {_SEEN} ORDER BY name", {"space": space}):
            handles.setdefault(row["name"], set()).update(filter(None, [row["handle"]]))
        return {name: frozenset(found) for name, found in handles.items()}

    async def persona(self, name: str) -> Persona | None:
        rows = await self.database.fetch(f"{_PERSONAS} WHERE name = ?", (name,))
        return persona_from_row(rows[0]) if rows else None

    async def publish(
        self, name: str, version: int, folder: str, n_bytes: int, manifest: Manifest, space: str | None = ""
    ) -> Persona:
        async with self.database.transaction() as execute:
            await execute(_PUBLISH, (name, version))
            await execute(_ADD_VERSION, (name, version, folder, n_bytes, manifest.model_dump_json(), now()))
            if space is not None:
                await execute(_SHOW, (name, space))
            for account in manifest.corpus.accounts:
                await execute(_ADD_PROVENANCE, {"persona": name, "version": version, **account.model_dump()})
        return Persona(name, version, folder, n_bytes, manifest)

    async def add_report(self, persona: Persona, card: ReportCard) -> Persona:
        manifest = persona.manifest.model_copy(update={"report": card})
        async with self.database.transaction() as execute:
            await execute(_SET_MANIFEST, (manifest.model_dump_json(), persona.name, persona.version))
        return replace(persona, manifest=manifest)

    async def next_version(self, name: str) -> int:
        sql = "SELECT coalesce(max(number), 0) + 1 FROM versions WHERE persona = ?"
        return int((await self.database.fetch(sql, (name,)))[0][0])

    async def spaces(self, name: str) -> set[str]:
        rows = await self.database.fetch("SELECT space FROM persona_spaces WHERE persona = ?", (name,))
        return {row["space"] for row in rows}

    async def show(self, name: str, space: str) -> None:
        async with self.database.transaction() as execute:
            await execute(_SHOW, (name, space))

    async def hide(self, name: str, space: str) -> None:
        async with self.database.transaction() as execute:
            await execute("DELETE FROM persona_spaces WHERE persona = ? AND space = ?", (name, space))

    async def forget(self, name: str) -> None:
        async with self.database.transaction() as execute:
            await execute("DELETE FROM personas WHERE name = ?", (name,))  # versions and all else go with it
            await execute(_FORGET_JOBS, (name,))
            await execute(_FORGET_MESSAGES, (name,))

    async def add_job(
        self, accounts: Sequence[AccountSource], persona: str, caller: Caller, fresh: bool = False
    ) -> Job:
        async with self.database.transaction() as execute:
            who = (caller.platform, caller.user, caller.channel, caller.space, caller.locale)
            values = (persona, accounts_to_json(accounts), *who, fresh, now())
            if added := await execute(_ADD_JOB, values):
                return job_from_row(added[0])
            (active,) = await execute(_ACTIVE_JOB, (persona,))
        raise already_training(job_from_row(active))

    async def job(self, job_id: int) -> Job | None:
        # As text: a person may ask for a number that has no place in an SQLite integer.
        rows = await self.database.fetch("SELECT * FROM jobs WHERE id = ?", (str(job_id),))
        return job_from_row(rows[0]) if rows else None

    async def active_job(self, persona: str) -> Job | None:
        rows = await self.database.fetch(_ACTIVE_JOB, (persona,))
        return job_from_row(rows[0]) if rows else None

    async def jobs(self, limit: int = 20, space: str = "") -> list[Job]:
        rows = await self.database.fetch(_JOBS, {"space": space, "limit": limit})
        return [job_from_row(row) for row in rows]

    async def unfinished_jobs(self) -> list[Job]:
        sql = "SELECT * FROM jobs WHERE state IN ('queued', 'running') ORDER BY id"
        return [job_from_row(row) for row in await self.database.fetch(sql)]

    async def job_counts(self) -> dict[JobState, int]:
        rows = await self.database.fetch("SELECT state, count(*) AS n FROM jobs GROUP BY state")
        return dict.fromkeys(JobState, 0) | {JobState(row["state"]): int(row["n"]) for row in rows}

    async def position(self, job_id: int) -> int:
        return int((await self.database.fetch(_POSITION, (str(job_id),)))[0][0])

    async def claim_job(self) -> Job | None:
        async with self.database.transaction() as execute:
            rows = await execute(_CLAIM, (now(),))
        return job_from_row(rows[0]) if rows else None

    async def move_job(self, job_id: int, state: JobState, error: str | None = None) -> bool:
        old = ", ".join(f"'{old}'" for old in JobState if can_move(old, state))
        values = {"id": str(job_id), "state": state, "error": text(error), "now": now()}
        async with self.database.transaction() as execute:
            return bool(await execute(_MOVE.format(old), values))

    async def requeue_interrupted(self, max_attempts: int) -> list[Job]:
        async with self.database.transaction() as execute:
            failed = await execute(_FAIL_INTERRUPTED, (now(), max_attempts))
            queued = await execute(_REQUEUE, ())
        return sorted((job_from_row(row) for row in (*failed, *queued)), key=lambda job: job.id)

    async def add_publication(self, publication: Publication) -> None:
        one = publication
        async with self.database.transaction() as execute:
            values = (one.persona, one.address, one.version, one.public, one.at.isoformat())
            await execute("INSERT OR REPLACE INTO publications VALUES (?, ?, ?, ?, ?)", values)

    async def publications(self, persona: str) -> list[Publication]:
        sql = "SELECT * FROM publications WHERE persona = ? ORDER BY address"
        return [publication_from_row(row) for row in await self.database.fetch(sql, (persona,))]

    async def current_persona(self, channel: str) -> str | None:
        rows = await self.database.fetch("SELECT persona FROM conversations WHERE channel = ?", (channel,))
        return rows[0]["persona"] if rows else None

    async def set_current_persona(self, channel: str, name: str) -> None:
        """Changes nothing when the persona was forgotten meanwhile."""
        async with self.database.transaction() as execute:
            await execute(_SET_CURRENT, (channel, name))
