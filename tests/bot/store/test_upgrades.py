"""A database of every earlier schema, with rows as that version's code wrote them, is read whole by this one."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import AccountSource, Caller, JobMessage, JobState, Letter, Publication, Purchase, UserRules
from bot.policy import Rules
from bot.store.chats import SqliteChats
from bot.store.database import problems
from bot.store.inbox import SqliteInbox
from bot.store.library import SqliteLibrary
from bot.store.migrate import migrations, newest, schema, statements
from bot.store.spending import SqliteSpending
from bot.store.sqlite import SqliteStore
from bot.store.users import SqliteUsers

SCHEMAS = range(1, newest() + 1)

# As the first code with migrations wrote it: without name, bio, language, lineage, origin.
MANIFEST = {
    "format": 1,
    "persona": "alice",
    "created_at": "2026-01-02T03:04:05Z",
    "base": {"name": "bundled", "fingerprint": "f" * 64, "parameters": 10_100_000},
    "corpus": {
        "accounts": [
            {
                "handle": "alice",
                "source": "file:/home/old/alice.jsonl",
                "downloaded": 100,
                "retweets": 8,
                "short": 4,
                "kept": 88,
                "characters": 8000,
                "weight": 1.0,
            }
        ],
        "duplicates": 1,
        "train_posts": 80,
        "held_out_posts": 7,
        "train_tokens": 2000,
    },
    "run": {
        "method": "lora",
        "epochs": 1,
        "learning_rate": 0.001,
        "lora_rank": 8,
        "token_rows": 0,
        "batch_tokens": 2048,
        "seed": 1,
        "curve": [{"epoch": 1.0, "train_loss": 4.0, "held_out_loss": 4.1}],
        "best_epoch": 1.0,
        "bits_per_byte_before": 2.0,
        "bits_per_byte": 1.6,
        "seconds": 60.0,
        "tokens_per_second": 1500.0,
        "peak_bytes": 600000000,
        "device": "cpu",
    },
    "sample": "My dream is soup.",
    "refresh": None,
    "report": None,
    "versions": {"torch": "2.13.0"},
    "files": {"adapter_model.safetensors": {"sha256": "0" * 64, "n_bytes": 1000}},
}

# Schema → what its code wrote into the tables and columns that are new with it.
ROWS = {
    1: f"""
BEGIN;
INSERT INTO personas (name, version) VALUES ('alice', 2);
INSERT INTO versions
  VALUES ('alice', 1, 'personas/alice/v1', 1000, '{json.dumps(MANIFEST)}', '2026-01-02T03:04:05+00:00');
INSERT INTO versions
  VALUES ('alice', 2, 'personas/alice/v2', 1000, '{json.dumps(MANIFEST)}', '2026-01-03T03:04:05+00:00');
INSERT INTO provenance VALUES ('alice', 1, 'alice', 'file:/home/old/alice.jsonl', 100, 8, 4, 88, 8000);
INSERT INTO provenance VALUES ('alice', 2, 'alice', 'file:/home/old/alice.jsonl', 100, 8, 4, 88, 8000);
INSERT INTO jobs (id, persona, accounts, state, platform, user, channel, attempts, created_at, started_at, finished_at)
  VALUES (1, 'alice', '[{{"handle": "alice", "reference": "file:/home/old/alice.jsonl", "weight": 1.0}}]', 'done',
    'discord', '42', '7', 1, '2026-01-02T03:03:00+00:00', '2026-01-02T03:03:01+00:00', '2026-01-02T03:04:05+00:00');
INSERT INTO jobs (id, persona, accounts, platform, user, channel, fresh, created_at)
  VALUES (2, 'alice-bob', '[{{"handle": "alice", "reference": "stored:personas/alice/posts/alice.jsonl.zst", "weight":
    2.0}}, {{"handle": "bob", "reference": "sample:bob", "weight": 1.0}}]', 'console', 'me', 'console', 1,
    '2026-01-04T03:03:00+00:00');
INSERT INTO conversations VALUES ('7', 'alice');
COMMIT;""",
    2: """
INSERT OR IGNORE INTO persona_spaces VALUES ('alice', '');
INSERT INTO persona_spaces VALUES ('alice', 'discord:1');
UPDATE jobs SET space = 'discord:1', locale = 'de' WHERE id = 1;
INSERT INTO job_messages VALUES (1, '7', '99', 1);
INSERT INTO space_rules VALUES ('discord:1', '{"channels":["7"],"roles":[],"trainers":[],"everyone_trains":false,
  "persona":"alice","in_its_name":false,"generations_a_day":null,"trainings_a_day":3}');
INSERT INTO usage VALUES ('discord:1', 'trainings', '2026-01-02', 2);
INSERT INTO optouts VALUES ('carol', '2026-01-02T03:04:05+00:00');
INSERT INTO notes VALUES ('discord-commands', 'abc');""",
    3: """
INSERT INTO inbox (number, content, note, tries) VALUES (500, '{"update_id": 500}', 'half', 0);
INSERT INTO inbox (number, content, note, tries) VALUES (501, NULL, NULL, 1);""",
    4: """
INSERT INTO purchases (source, month, account, kind, n, price) VALUES ('x', '2026-01', 'alice', 'post', 90, 5000);""",
    5: "INSERT INTO publications VALUES ('alice', 'https://hub.example/me/alice', 1, 1, '2026-01-05T00:00:00+00:00');",
    6: """
UPDATE personas SET used_at = '2026-01-06T05:00:00+00:00';
INSERT INTO users VALUES ('discord:42', 1, 5, NULL);""",
}


def build(path: Path, number: int) -> None:
    """The file as a bot of that schema has left it."""
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        for script in [sql for n, sql in migrations().items() if n <= number]:
            for statement in statements(script):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")
        for rows in [sql for n, sql in ROWS.items() if n <= number]:
            connection.executescript(rows)


def test_there_are_rows_for_every_schema_and_every_table(path: Path) -> None:
    assert list(ROWS) == list(SCHEMAS), "a new migration needs rows as its code writes them"
    build(path, newest())
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        assert {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] > 0 for name in tables} == (
            dict.fromkeys(tables, True)
        )


@pytest.mark.parametrize("number", SCHEMAS)
async def test_what_was_there_is_read(path: Path, number: int) -> None:
    build(path, number)
    assert schema(path) == number
    async with SqliteStore.open(path) as store:
        await check_personas(store, number)
        await check_jobs(store, number)
        await check_chats(store, number)
        await check_later(store, number)
    assert schema(path) == newest()
    assert problems(path) == []


async def check_personas(store: SqliteStore, number: int) -> None:
    (persona,) = await store.personas()
    assert (persona.name, persona.version, persona.folder, persona.n_bytes) == ("alice", 2, "personas/alice/v2", 1000)
    assert persona.manifest.corpus.accounts[0].kept == 88
    assert persona.manifest.run is not None
    assert persona.manifest.run.bits_per_byte == 1.6
    assert await store.personas("telegram:9") == [persona]  # the operator's are seen everywhere
    assert await store.spaces("alice") == ({"", "discord:1"} if number >= 2 else {""})
    library = SqliteLibrary(store.database)
    (summary,) = await library.summaries()
    assert (summary.posts, summary.bits_per_byte, summary.attribution, summary.origin) == (100, 1.6, None, None)
    assert summary.used_at == (datetime(2026, 1, 6, 5, tzinfo=UTC) if number >= 6 else None)
    assert [(one.number, one.current) for one in await library.versions()] == [(1, False), (2, True)]
    published = Publication("alice", "https://hub.example/me/alice", 1, True, datetime(2026, 1, 5, tzinfo=UTC))
    assert await store.publications("alice") == ([published] if number >= 5 else [])


async def check_jobs(store: SqliteStore, number: int) -> None:
    waiting, done = await store.jobs()
    space, locale = ("discord:1", "de") if number >= 2 else ("", "en")
    assert done.caller == Caller("discord", "42", "7", space, locale)
    assert done.accounts == (AccountSource("alice", "file:/home/old/alice.jsonl"),)
    assert (done.state, done.attempts) == (JobState.DONE, 1)
    assert done.finished_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (waiting.fresh, waiting.caller.space, waiting.caller.locale) == (True, "", "en")
    assert [one.weight for one in waiting.accounts] == [2.0, 1.0]
    assert await store.claim_job() is not None
    assert await store.current_persona("7") == "alice"


async def check_chats(store: SqliteStore, number: int) -> None:
    chats, known = SqliteChats(store.database), number >= 2
    rules = Rules(channels=("7",), persona="alice", trainings_a_day=3)
    assert await chats.rules("discord:1") == (rules if known else Rules())
    assert await chats.message(1) == (JobMessage(1, "7", "99") if known else None)
    assert await chats.untold("discord") == ([] if known else [1])
    assert await chats.used("discord:1", "trainings", "2026-01-02") == (2 if known else 0)
    assert await chats.optouts() == ({"carol"} if known else set())
    assert await chats.note("discord-commands") == ("abc" if known else None)


async def check_later(store: SqliteStore, number: int) -> None:
    letters = await SqliteInbox(store.database).reopen()
    assert letters == ([Letter(500, '{"update_id": 500}', "half", 1)] if number >= 3 else [])
    purchase = Purchase("x", "2026-01", "alice", "post", 90, 5000)
    assert await SqliteSpending(store.database).purchases("x") == ([purchase] if number >= 4 else [])
    users = await SqliteUsers(store.database).users()
    assert users == ([UserRules("discord:42", True, 5)] if number >= 6 else [])


@pytest.mark.parametrize("number", SCHEMAS)
async def test_what_was_there_can_be_forgotten_whole(path: Path, number: int) -> None:
    build(path, number)
    async with SqliteStore.open(path) as store:
        await store.forget("alice")
        assert await store.personas() == []
        for table in ("versions", "provenance", "conversations", "persona_spaces", "publications"):
            assert not await store.database.fetch(f"SELECT * FROM {table}")
        assert (await store.jobs())[1].accounts == ()
