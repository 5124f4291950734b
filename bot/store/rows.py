"""Rows ↔ domain values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from bot.domain import AccountSource, Caller, Job, JobState, Persona, Publication
from trainer.manifest import Manifest


def now() -> str:
    return datetime.now(UTC).isoformat()


def accounts_to_json(accounts: Sequence[AccountSource]) -> str:
    return json.dumps([asdict(account) for account in accounts])


def text(value: str | None) -> str | None:
    """What SQLite can store: an error may name a file whose name isn't Unicode, which Python reads as surrogates."""
    return None if value is None else value.encode(errors="backslashreplace").decode()


def job_from_row(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        persona=row["persona"],
        accounts=tuple(AccountSource(**account) for account in json.loads(row["accounts"])),
        state=JobState(row["state"]),
        caller=Caller(row["platform"], row["user"], row["channel"], row["space"], row["locale"]),
        attempts=row["attempts"],
        created_at=datetime.fromisoformat(row["created_at"]),
        error=row["error"],
        fresh=bool(row["fresh"]),
        started_at=time_or_none(row["started_at"]),
        finished_at=time_or_none(row["finished_at"]),
    )


def time_or_none(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def persona_from_row(row: sqlite3.Row) -> Persona:
    return Persona(
        name=row["persona"],
        version=row["number"],
        folder=row["folder"],
        n_bytes=row["n_bytes"],
        manifest=Manifest.model_validate_json(row["manifest"]),
    )


def publication_from_row(row: sqlite3.Row) -> Publication:
    at = datetime.fromisoformat(row["at"])
    return Publication(row["persona"], row["address"], row["version"], bool(row["public"]), at)
