"""Row ↔ domain. Times are ISO 8601 in UTC."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain import AccountSource, Caller, Job, JobState, Persona
from trainer.manifest import Manifest

JOB_COLUMNS = "id, persona, accounts, state, platform, user, channel, attempts, created_at, error"
PERSONA_COLUMNS = "versions.persona, versions.number, versions.folder, versions.n_bytes, versions.manifest"

Row = Sequence[Any]


def now_text() -> str:
    return datetime.now(UTC).isoformat()


def accounts_text(accounts: Sequence[AccountSource]) -> str:
    return json.dumps([[account.handle, account.reference] for account in accounts])


def to_job(row: Row) -> Job:
    return Job(
        id=row[0],
        persona=row[1],
        accounts=tuple(AccountSource(handle, reference) for handle, reference in json.loads(row[2])),
        state=JobState(row[3]),
        caller=Caller(row[4], row[5], row[6]),
        attempts=row[7],
        created_at=datetime.fromisoformat(row[8]),
        error=row[9],
    )


def to_persona(row: Row) -> Persona:
    return Persona(row[0], row[1], row[2], row[3], Manifest.model_validate_json(row[4]))
