from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.domain import AccountSource, Caller, Job, JobState
from bot.errors import AlreadyTraining, DiskFull, OperatorError
from bot.store.sqlite import SqliteStore
from tests.bot.store.middle import in_the_middle_of_publish
from tests.builders import manifest

ROOT = Path(__file__).parents[3]
CALLER = Caller("console", "me", "terminal")


async def publish(store: SqliteStore, version: int, sample: str = "My dream is soup.") -> None:
    await store.publish("alice", version, f"personas/alice/v{version}", version, manifest(sample=sample))


async def current_version(store: SqliteStore) -> int:
    persona = await store.persona("alice")
    assert persona is not None
    return persona.version


async def count(store: SqliteStore, table: str) -> int:
    return int((await store.database.fetch(f"SELECT count(*) FROM {table}"))[0][0])


def files_of(path: Path) -> bytes:
    """Of the database and of what SQLite puts beside it."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


class Halt:
    """Stops the connection's thread where it is called, until it may go on, or fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        self.go_on.wait(30)
        if self.error is not None:
            raise self.error


@contextmanager
def releasing(halt: Halt) -> Iterator[None]:
    try:
        yield
    finally:
        halt.go_on.set()


async def publishing(store: SqliteStore, halt: Halt) -> asyncio.Task[None]:
    """Version 2, halted in the middle."""
    await in_the_middle_of_publish(store, halt)
    task = asyncio.create_task(publish(store, 2))
    assert await asyncio.to_thread(halt.reached.wait, 30)
    return task


# What publish and forget write


async def test_publishing_writes_the_training_table_as_rows(store: SqliteStore) -> None:
    await store.publish("alice-bob", 1, "personas/alice-bob/v1", 1, manifest("alice-bob"))
    rows = await store.database.fetch("SELECT * FROM provenance ORDER BY handle")
    assert [tuple(row) for row in rows] == [
        ("alice-bob", 1, "alice", "file:/posts/alice.jsonl", 100, 8, 4, 88, 8_000),
        ("alice-bob", 1, "bob", "file:/posts/bob.jsonl", 100, 8, 4, 88, 8_000),
    ]


async def test_forgetting_leaves_no_rows(store: SqliteStore) -> None:
    await publish(store, 1)
    await publish(store, 2)
    await store.set_current_persona("terminal", "alice")
    await store.forget("alice")
    assert [await count(store, table) for table in ("personas", "versions", "provenance", "conversations")] == [0] * 4


async def test_forgetting_overwrites_what_was_in_the_file(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        job = await store.add_job([AccountSource("alice", "file:/home/secret.js")], "alice", CALLER)
        await store.move_job(job.id, JobState.CANCELLED)
        await publish(store, 1, sample="A very recognisable sentence.")
    assert b"recognisable" in files_of(path)
    async with SqliteStore.open(path) as store:
        await store.forget("alice")
    assert b"recognisable" not in files_of(path)
    assert b"secret" not in files_of(path)


async def test_jobs_know_when_they_started_and_ended(store: SqliteStore) -> None:
    job = await store.add_job([AccountSource("alice", "file:/a")], "alice", CALLER)
    times = "SELECT started_at, finished_at FROM jobs"
    assert tuple((await store.database.fetch(times))[0]) == (None, None)
    await store.claim_job()
    started, finished = (await store.database.fetch(times))[0]
    assert started is not None
    assert finished is None
    await store.move_job(job.id, JobState.DONE)
    again, finished = (await store.database.fetch(times))[0]
    assert again == started
    assert finished >= started


# A publish that doesn't come to its end


async def test_a_publish_that_fails_in_the_middle_leaves_the_old_version(store: SqliteStore) -> None:
    await publish(store, 1)

    def fail() -> None:
        raise RuntimeError

    await in_the_middle_of_publish(store, fail)
    with pytest.raises(OperatorError):
        await publish(store, 2)
    assert await current_version(store) == 1
    assert await store.next_version("alice") == 2
    assert await count(store, "provenance") == 1


async def test_a_version_is_never_overwritten(store: SqliteStore) -> None:
    await publish(store, 1, sample="The first.")
    await publish(store, 2)
    with pytest.raises(OperatorError, match="UNIQUE"):
        await publish(store, 1, sample="Not the first.")
    assert await current_version(store) == 2


async def test_a_publish_that_is_cancelled_in_the_middle_leaves_the_old_version(store: SqliteStore) -> None:
    await publish(store, 1)
    halt = Halt()
    with releasing(halt):
        task = await publishing(store, halt)
        task.cancel()
        waiting = asyncio.create_task(store.next_version("alice"))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await waiting == 2
    assert await current_version(store) == 1
    assert not store.database.connection.in_transaction


async def test_cancelling_twice_does_not_lose_the_rollback(store: SqliteStore) -> None:
    await publish(store, 1)
    halt = Halt()
    with releasing(halt):
        task = await publishing(store, halt)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        assert task.done()
        job = asyncio.create_task(store.add_job([AccountSource("bob", "file:/b")], "bob", CALLER))
        await asyncio.sleep(0.01)
    assert (await job).persona == "bob"
    assert await current_version(store) == 1


async def test_a_publish_whose_process_is_killed_in_the_middle_leaves_the_old_version(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await publish(store, 1)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bot.store.middle", str(path), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"in the middle\n"
    process.kill()
    assert await process.wait() == -signal.SIGKILL
    async with SqliteStore.open(path) as store:
        assert await current_version(store) == 1
        assert await store.next_version("alice") == 2
        await publish(store, 2)
        assert await current_version(store) == 2


async def test_a_full_disk_leaves_the_old_version_and_room_lets_it_go_on(store: SqliteStore) -> None:
    await publish(store, 1)
    (pages,) = (await store.database.fetch("PRAGMA page_count"))[0]
    await store.database.fetch(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match=r"The disk is full.*mynah\.sqlite3"):
        await publish(store, 2, sample="long " * 10_000)
    assert await current_version(store) == 1
    await store.database.fetch(f"PRAGMA max_page_count = {pages + 100}")
    await publish(store, 2, sample="long " * 10_000)
    assert await current_version(store) == 2


# Others at the same time


async def test_nobody_sees_half_of_a_publish(path: Path, store: SqliteStore) -> None:
    await publish(store, 1)
    halt = Halt()
    async with SqliteStore.open(path) as other:
        with releasing(halt):
            task = await publishing(store, halt)
            same = asyncio.create_task(current_version(store))
            assert await current_version(other) == 1
            assert not same.done()
        await task
        assert await same == 2
        assert await current_version(other) == 2


async def test_nobody_sees_what_is_undone_afterwards(store: SqliteStore) -> None:
    await publish(store, 1)
    halt = Halt(error=RuntimeError())
    with releasing(halt):
        task = await publishing(store, halt)
        reading = asyncio.create_task(current_version(store))
        await asyncio.sleep(0.01)
    with pytest.raises(OperatorError):
        await task
    assert await reading == 1


async def test_closing_waits_for_a_transaction(path: Path) -> None:
    halt = Halt()
    async with SqliteStore.open(path) as store:
        task = await publishing(store, halt)
        asyncio.get_running_loop().call_later(0.05, halt.go_on.set)
    await task
    async with SqliteStore.open(path) as store:
        assert await current_version(store) == 2


async def test_many_coroutines_share_one_connection(store: SqliteStore) -> None:
    async def one(number: int) -> None:
        name = f"user{number}"
        job = await store.add_job([AccountSource(name, "file:/x")], name, CALLER)
        await store.publish(name, 1, f"personas/{name}/v1", 1, manifest(name))
        await store.set_current_persona(name, name)
        assert await store.current_persona(name) == name
        assert await store.move_job(job.id, JobState.CANCELLED)

    await asyncio.gather(*(one(number) for number in range(30)))
    assert len(await store.personas()) == 30


async def test_two_connections_add_and_claim_without_getting_in_each_others_way(path: Path, store: SqliteStore) -> None:
    async with SqliteStore.open(path) as other:
        both = (store, other)
        alike = [one.add_job([AccountSource("alice", "file:/a")], "alice", CALLER) for one in both]
        results = await asyncio.gather(*alike, return_exceptions=True)
        assert {type(result) for result in results} == {Job, AlreadyTraining}
        for number in range(9):
            await both[number % 2].add_job([AccountSource("x", "file:/x")], f"user{number}", CALLER)
        claimed = await asyncio.gather(*(both[number % 2].claim_job() for number in range(12)))
        assert sorted(job.id for job in claimed if job is not None) == list(range(1, 11))


async def test_what_was_stored_is_there_after_a_restart(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await publish(store, 1)
        await store.set_current_persona("terminal", "alice")
        job = await store.add_job([AccountSource("bob", "file:/b")], "bob", CALLER)
    assert [file.name for file in path.parent.iterdir()] == ["mynah.sqlite3"]
    async with SqliteStore.open(path) as store:
        assert await current_version(store) == 1
        assert await store.current_persona("terminal") == "alice"
        assert await store.job(job.id) == job
