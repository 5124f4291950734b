"""What every Store does, over every implementation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import AccountSource, Caller, Job, JobState, Publication, can_move
from bot.errors import AlreadyTraining, OperatorError
from bot.ports import Store
from bot.store.sqlite import SqliteStore
from tests.builders import manifest, report_card

Open = Callable[[Path], AbstractAsyncContextManager[Store]]
CALLER = Caller("console", "me", "terminal")
ROADS: dict[JobState, tuple[JobState, ...]] = {  # from QUEUED
    JobState.QUEUED: (),
    JobState.RUNNING: (JobState.RUNNING,),
    JobState.DONE: (JobState.RUNNING, JobState.DONE),
    JobState.FAILED: (JobState.RUNNING, JobState.FAILED),
    JobState.CANCELLED: (JobState.CANCELLED,),
}


def open_sqlite(folder: Path) -> AbstractAsyncContextManager[Store]:
    return SqliteStore.open(folder / "mynah.sqlite3")


@pytest.fixture(params=[open_sqlite], ids=["sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    opener: Open = request.param
    async with opener(tmp_path) as store:
        yield store


def account(handle: str) -> AccountSource:
    return AccountSource(handle, f"file:/posts/{handle}.jsonl")


async def add(store: Store, persona: str = "alice", caller: Caller = CALLER) -> Job:
    return await store.add_job([account(handle) for handle in persona.split("-")], persona, caller)


async def add_in(store: Store, state: JobState, persona: str = "alice") -> int:
    job = await add(store, persona)
    for step in ROADS[state]:
        assert await store.move_job(job.id, step)
    return job.id


async def found(store: Store, job_id: int) -> Job:
    job = await store.job(job_id)
    assert job is not None
    return job


# Personas


async def test_an_empty_store_has_nothing(store: Store) -> None:
    assert await store.personas() == []
    assert await store.persona("alice") is None
    assert await store.next_version("alice") == 1
    assert await store.jobs() == []
    assert await store.job(1) is None
    assert await store.claim_job() is None
    assert await store.requeue_interrupted(2) == []
    assert await store.current_persona("terminal") is None


async def test_a_published_persona_comes_back_as_it_was(store: Store) -> None:
    persona = await store.publish("alice-bob", 1, "personas/alice-bob/v1", 1_234, manifest("alice-bob"))
    assert (persona.name, persona.version, persona.folder, persona.n_bytes) == (
        "alice-bob",
        1,
        "personas/alice-bob/v1",
        1_234,
    )
    assert persona.manifest == manifest("alice-bob")
    assert await store.persona("alice-bob") == persona
    assert await store.personas() == [persona]


async def test_any_text_of_a_manifest_comes_back_as_it_was(store: Store) -> None:
    record = manifest(sample="Soup 🍲 'is' \"a\" privilege;\n-- not a sphere\x00")
    await store.publish("alice", 1, "personas/alice/v1", 1, record)
    persona = await store.persona("alice")
    assert persona is not None
    assert persona.manifest == record


async def test_publishing_moves_the_pointer(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    second = await store.publish("alice", 2, "personas/alice/v2", 2, manifest(sample="Anew."))
    assert await store.personas() == [second]
    assert await store.persona("alice") == second


async def test_a_report_card_joins_its_version(store: Store) -> None:
    first = await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    second = await store.publish("alice", 2, "personas/alice/v2", 2, manifest())
    reported = await store.add_report(second, report_card())
    assert reported.manifest.report == report_card()
    assert await store.persona("alice") == reported
    await store.add_report(first, report_card())  # of a version that is not the current one any more
    assert await store.persona("alice") == reported
    await store.forget("alice")
    await store.add_report(second, report_card())
    assert await store.personas() == []


async def test_personas_come_by_name(store: Store) -> None:
    for name in ("bob", "alice", "alice-bob"):
        await store.publish(name, 1, f"personas/{name}/v1", 1, manifest(name))
    assert [persona.name for persona in await store.personas()] == ["alice", "alice-bob", "bob"]


async def test_the_next_version_is_a_new_number_for_each_persona(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    await store.publish("alice", 7, "personas/alice/v7", 1, manifest())
    assert await store.next_version("alice") == 8
    assert await store.next_version("bob") == 1


async def test_forgetting_takes_one_persona_and_all_of_its_versions(store: Store) -> None:
    for name in ("alice", "alice-bob"):
        await store.publish(name, 1, f"personas/{name}/v1", 1, manifest(name))
        await store.set_current_persona(f"channel of {name}", name)
    await store.publish("alice", 2, "personas/alice/v2", 1, manifest())
    await store.forget("alice")
    assert await store.persona("alice") is None
    assert [persona.name for persona in await store.personas()] == ["alice-bob"]
    assert await store.next_version("alice") == 1
    assert await store.current_persona("channel of alice") is None
    assert await store.current_persona("channel of alice-bob") == "alice-bob"


async def test_forgetting_what_is_not_there_changes_nothing(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    await store.forget("nobody")
    assert len(await store.personas()) == 1


async def test_a_forgotten_persona_can_be_published_again(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    await store.forget("alice")
    persona = await store.publish("alice", 1, "personas/alice/v1", 1, manifest(sample="Back."))
    assert await store.personas() == [persona]


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
async def test_forgetting_keeps_of_ended_jobs_only_that_they_were(store: Store, state: JobState) -> None:
    job_id = await add_in(store, state)
    before = await found(store, job_id)
    await store.forget("alice")
    after = await found(store, job_id)
    assert (after.persona, after.state, after.created_at) == ("alice", state, before.created_at)
    assert after.accounts == ()
    assert after.caller == Caller("console", "", "")
    assert after.error is None


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING])
async def test_forgetting_leaves_an_active_job_as_it_is(store: Store, state: JobState) -> None:
    job_id = await add_in(store, state)
    before = await found(store, job_id)
    await store.forget("alice")
    assert await found(store, job_id) == before


# Jobs


async def test_an_added_job_is_queued_and_comes_back_as_it_was(store: Store) -> None:
    accounts = (account("bob"), AccountSource("alice", "file:/posts/\udcff 🍲.jsonl"))
    job = await store.add_job(accounts, "alice-bob", Caller("discord", "42", "dm-42"))
    assert job.accounts == accounts
    assert job.caller == Caller("discord", "42", "dm-42")
    assert (job.persona, job.state, job.attempts, job.error) == ("alice-bob", JobState.QUEUED, 0, None)
    assert abs(datetime.now(UTC) - job.created_at) < timedelta(minutes=1)
    assert await store.job(job.id) == job
    assert not job.fresh
    fresh = await store.add_job(accounts, "bob", Caller("discord", "42", "dm-42"), fresh=True)
    assert (await store.job(fresh.id)) == fresh
    assert fresh.fresh


async def test_no_job_has_a_number_that_is_none(store: Store) -> None:
    await add(store)
    for job_id in (0, -1, 2, 2**63, 10**30):
        assert await store.job(job_id) is None
        assert await store.position(job_id) == 0
        assert not await store.move_job(job_id, JobState.RUNNING)


async def test_jobs_come_newest_first_and_not_too_many(store: Store) -> None:
    ids = [(await add(store, f"user{number}")).id for number in range(5)]
    assert [job.id for job in await store.jobs(3)] == ids[:1:-1]
    assert [job.id for job in await store.jobs()] == ids[::-1]


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (JobState.QUEUED, "@alice is already in the queue (job {}). Watch it with /jobs."),
        (JobState.RUNNING, "@alice is already training (job {}). Watch it with /jobs."),
    ],
)
async def test_a_persona_has_one_active_job(store: Store, state: JobState, sentence: str) -> None:
    job_id = await add_in(store, state)
    with pytest.raises(AlreadyTraining) as raised:
        await add(store)
    assert str(raised.value) == sentence.format(job_id)
    assert len(await store.jobs()) == 1
    await add(store, "alice-bob")


@pytest.mark.parametrize("state", [JobState.DONE, JobState.FAILED, JobState.CANCELLED])
async def test_an_ended_job_makes_room_for_the_next(store: Store, state: JobState) -> None:
    first = await add_in(store, state)
    second = await add(store)
    assert second.id > first
    assert second.state == JobState.QUEUED


@pytest.mark.parametrize("state", JobState)
async def test_the_active_job_of_a_persona_is_the_queued_or_running_one(store: Store, state: JobState) -> None:
    job_id = await add_in(store, state)
    await add(store, "alice-bob")
    active = await store.active_job("alice")
    assert (active.id if active else None) == (job_id if state in (JobState.QUEUED, JobState.RUNNING) else None)


async def test_of_concurrent_jobs_for_one_persona_one_is_added(store: Store) -> None:
    results = await asyncio.gather(*(add(store) for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, Job) for result in results) == 1
    assert sum(isinstance(result, AlreadyTraining) for result in results) == 4


async def test_claiming_takes_the_oldest_and_counts_the_attempt(store: Store) -> None:
    first, second = await add(store, "bob"), await add(store, "alice")
    claimed = await store.claim_job()
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.attempts) == (first.id, JobState.RUNNING, 1)
    assert await store.job(first.id) == claimed
    next_one = await store.claim_job()
    assert next_one is not None
    assert next_one.id == second.id
    assert await store.claim_job() is None


async def test_concurrent_claims_never_take_the_same_job(store: Store) -> None:
    ids = [(await add(store, f"user{number}")).id for number in range(4)]
    claimed = await asyncio.gather(*(store.claim_job() for _ in range(6)))
    assert sorted(job.id for job in claimed if job is not None) == ids


async def test_position_counts_who_is_running_or_earlier(store: Store) -> None:
    jobs = [await add(store, f"user{number}") for number in range(3)]
    assert [await store.position(job.id) for job in jobs] == [0, 1, 2]
    await store.claim_job()
    assert [await store.position(job.id) for job in jobs] == [0, 1, 2]
    await store.move_job(jobs[1].id, JobState.CANCELLED)
    assert [await store.position(job.id) for job in jobs] == [0, 0, 1]
    await store.move_job(jobs[0].id, JobState.DONE)
    assert [await store.position(job.id) for job in jobs] == [0, 0, 0]


@pytest.mark.parametrize("new", JobState)
@pytest.mark.parametrize("old", JobState)
async def test_jobs_move_along_the_transitions_only(store: Store, old: JobState, new: JobState) -> None:
    job_id = await add_in(store, old)
    before = await found(store, job_id)
    moved = await store.move_job(job_id, new, "Why.")
    after = await found(store, job_id)
    assert moved == can_move(old, new)
    if moved:
        assert (after.state, after.error) == (new, "Why.")
        assert after.attempts == before.attempts + (new == JobState.RUNNING) - (new == JobState.QUEUED)
    else:
        assert after == before


async def test_moving_one_job_leaves_the_others(store: Store) -> None:
    first, second = await add(store, "alice"), await add(store, "bob")
    await store.move_job(first.id, JobState.CANCELLED, "It was cancelled.")
    assert await store.job(second.id) == second


async def test_of_concurrent_moves_to_an_end_one_wins(store: Store) -> None:
    job_id = await add_in(store, JobState.RUNNING)
    ends = (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
    moved = await asyncio.gather(*(store.move_job(job_id, state) for state in ends))
    assert sum(moved) == 1
    assert (await found(store, job_id)).state == ends[moved.index(True)]


async def test_an_error_that_names_a_strange_file_can_be_stored(store: Store) -> None:
    job_id = await add_in(store, JobState.RUNNING)
    assert await store.move_job(job_id, JobState.FAILED, "/posts/\udcff.jsonl can't be read.")
    assert (await found(store, job_id)).error == "/posts/\\udcff.jsonl can't be read."


async def test_interrupted_jobs_are_queued_again_until_they_had_their_attempts(store: Store) -> None:
    job = await add(store, "alice-bob")
    waiting = await add(store, "carol")
    await store.claim_job()
    (again,) = await store.requeue_interrupted(2)
    assert (again.id, again.state, again.attempts, again.error) == (job.id, JobState.QUEUED, 1, None)
    claimed = await store.claim_job()
    assert claimed is not None
    assert (claimed.id, claimed.attempts) == (job.id, 2)
    (given_up,) = await store.requeue_interrupted(2)
    assert (given_up.id, given_up.state, given_up.attempts) == (job.id, JobState.FAILED, 2)
    assert given_up.error is not None
    assert given_up.error.endswith("/train @alice @bob")
    assert await store.job(job.id) == given_up
    assert await store.job(waiting.id) == waiting
    assert await store.requeue_interrupted(2) == []


async def test_interrupted_jobs_come_oldest_first(store: Store) -> None:
    ids = [await add_in(store, JobState.RUNNING, f"user{number}") for number in range(3)]
    await store.requeue_interrupted(2)
    for job_id in ids:
        await store.move_job(job_id, JobState.RUNNING)  # the second attempt of each
    await store.move_job(ids[0], JobState.QUEUED)  # a stop in good order doesn't count
    await store.move_job(ids[0], JobState.RUNNING)
    ids.append(await add_in(store, JobState.RUNNING, "user3"))
    recovered = await store.requeue_interrupted(2)
    assert [(job.id, job.state) for job in recovered] == [
        (ids[0], JobState.FAILED),
        (ids[1], JobState.FAILED),
        (ids[2], JobState.FAILED),
        (ids[3], JobState.QUEUED),
    ]


# Conversations


async def test_each_channel_has_its_own_current_persona(store: Store) -> None:
    for name in ("alice", "bob"):
        await store.publish(name, 1, f"personas/{name}/v1", 1, manifest(name))
    await store.set_current_persona("terminal", "alice")
    await store.set_current_persona("dm-42", "bob")
    assert await store.current_persona("terminal") == "alice"
    assert await store.current_persona("dm-42") == "bob"
    for _ in range(2):
        await store.set_current_persona("terminal", "bob")
        assert await store.current_persona("terminal") == "bob"


async def test_a_persona_that_is_not_there_does_not_become_current(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    await store.set_current_persona("terminal", "alice")
    await store.set_current_persona("terminal", "nobody")
    assert await store.current_persona("terminal") == "alice"


async def test_the_current_persona_stays_when_it_is_trained_again(store: Store) -> None:
    await store.publish("alice", 1, "personas/alice/v1", 1, manifest())
    await store.set_current_persona("terminal", "alice")
    await store.publish("alice", 2, "personas/alice/v2", 1, manifest())
    assert await store.current_persona("terminal") == "alice"


async def test_where_a_persona_is_published_goes_with_it(store: Store) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    first = Publication("alice", "https://hub.example/nest/alice", 1, False, at)
    with pytest.raises(OperatorError):  # nobody can publish what isn't there
        await store.add_publication(first)
    await store.publish("alice", 1, "personas/alice/v1", 7, manifest("alice"))
    await store.add_publication(first)
    other = replace(first, address="https://hub.example/a/other", public=True)
    await store.add_publication(other)
    newer = replace(first, version=2)
    await store.add_publication(newer)
    assert await store.publications("alice") == [other, newer]
    assert await store.publications("bob") == []
    await store.forget("alice")
    assert await store.publications("alice") == []


async def test_jobs_are_counted_by_state(store: Store) -> None:
    assert await store.job_counts() == dict.fromkeys(JobState, 0)
    for state, persona in zip(
        (JobState.DONE, JobState.DONE, JobState.CANCELLED), ("alice", "bob", "carol"), strict=True
    ):
        await add_in(store, state, persona)
    assert {state: n for state, n in (await store.job_counts()).items() if n} == {
        JobState.DONE: 2,
        JobState.CANCELLED: 1,
    }


async def test_names_come_with_the_handles_of_the_current_version(store: Store) -> None:
    await store.publish("alice-bob", 1, "personas/alice-bob/v1", 1, manifest("alice-bob"))
    await store.publish("alice-bob", 2, "personas/alice-bob/v2", 1, manifest("alice-bob"))
    await store.publish("carol", 1, "personas/carol/v1", 1, manifest("carol"), "discord:1")
    await store.publish("dave", 1, "personas/dave/v1", 1, manifest("dave"), "discord:2")
    assert await store.names("discord:1") == {"alice-bob": frozenset({"alice", "bob"}), "carol": frozenset({"carol"})}
    assert list(await store.names()) == ["alice-bob", "carol", "dave"]
