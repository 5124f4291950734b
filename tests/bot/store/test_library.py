from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import AccountSource, Caller, Publication, Version
from bot.errors import AlreadyThere, NotFound
from bot.policy import Rules
from bot.store.chats import SqliteChats
from bot.store.library import SqliteLibrary
from bot.store.sqlite import SqliteStore
from tests.builders import manifest, report_card
from trainer.manifest import Manifest
from trainer.protocol import Origin

CALLER = Caller("discord", "42", "7", "discord:1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore.open(tmp_path / "mynah.sqlite3") as store:
        yield store


@pytest.fixture
def library(store: SqliteStore) -> SqliteLibrary:
    return SqliteLibrary(store.database)


async def publish(store: SqliteStore, name: str, number: int = 1, record: Manifest | None = None) -> None:
    await store.publish(name, number, f"personas/{name}/v{number}", 1_000, record or manifest(name))


async def test_a_summary_is_of_the_current_version(store: SqliteStore, library: SqliteLibrary) -> None:
    await publish(store, "bob-pip")
    await publish(store, "bob-pip", 2, manifest("bob-pip", report=report_card()))
    await publish(store, "alice", 1, manifest("alice", run=None, origin=Origin(repo="nest/alice", revision="c0ffee")))
    alice, blend = await library.summaries()
    assert (alice.name, alice.method, alice.bits_per_byte, alice.attribution) == ("alice", None, None, None)
    assert alice.origin == "nest/alice"
    assert (blend.name, blend.version, blend.posts, blend.method) == ("bob-pip", 2, 200, "lora")
    assert (blend.bits_per_byte, blend.attribution, blend.origin) == (1.6, 0.96, None)
    assert blend.used_at is None
    assert datetime.now(UTC) - blend.created_at < timedelta(minutes=5)


async def test_without_a_report_card_quality_is_that_of_its_training(
    store: SqliteStore, library: SqliteLibrary
) -> None:
    await publish(store, "pip")
    (pip,) = await library.summaries()
    assert (pip.bits_per_byte, pip.attribution) == (1.6, None)


async def test_a_touch_is_to_the_hour(store: SqliteStore, library: SqliteLibrary) -> None:
    await publish(store, "pip")
    await library.touch("pip")
    (first,) = await library.summaries()
    assert first.used_at is not None
    await library.touch("pip")
    assert await library.summaries() == [first]
    async with store.database.transaction() as execute:
        await execute("UPDATE personas SET used_at = '2026-01-02T03:04:05+00:00'", ())
    await library.touch("pip")
    assert (await library.summaries())[0].used_at is not None
    assert (await library.summaries())[0].used_at > datetime(2026, 2, 1, tzinfo=UTC)  # type: ignore[operator]
    await library.touch("nobody")


async def test_versions_and_dropping_one(store: SqliteStore, library: SqliteLibrary) -> None:
    for number in (1, 2):
        await publish(store, "pip", number)
    assert [(one.number, one.folder, one.current) for one in await library.versions()] == [
        (1, "personas/pip/v1", False),
        (2, "personas/pip/v2", True),
    ]
    assert isinstance((await library.versions())[0], Version)
    assert not await library.drop_version("pip", 2)
    assert await library.drop_version("pip", 1)
    assert not await library.drop_version("pip", 1)
    assert [one.number for one in await library.versions()] == [2]


async def test_renaming_takes_all_that_is_recorded_along(store: SqliteStore, library: SqliteLibrary) -> None:
    chats = SqliteChats(store.database)
    for number in (1, 2):
        await publish(store, "pip", number)
    await publish(store, "pip_two")
    await store.show("pip", "discord:1")
    await store.set_current_persona("channel", "pip")
    await store.set_current_persona("other", "pip_two")
    await chats.change_rules("discord:1", lambda _: Rules(persona="pip", channels=("1",)))
    await chats.change_rules("discord:2", lambda _: Rules(persona="pip_two"))
    await store.add_publication(Publication("pip", "https://hub.example/pip", 1, True, datetime.now(UTC)))
    job = await store.add_job([AccountSource("pip", "file:/a")], "pip", CALLER)
    await library.touch("pip")
    await library.rename("pip", "muse")
    assert [(one.name, one.used_at is not None) for one in await library.summaries()] == [
        ("muse", True),
        ("pip_two", False),
    ]
    assert [one.folder for one in await library.versions()] == [
        "personas/muse/v1",
        "personas/muse/v2",
        "personas/pip_two/v1",
    ]
    assert await store.spaces("muse") == {"", "discord:1"}
    assert await store.current_persona("channel") == "muse"
    assert await store.current_persona("other") == "pip_two"
    assert await chats.rules("discord:1") == Rules(persona="muse", channels=("1",))
    assert await chats.rules("discord:2") == Rules(persona="pip_two")
    assert [one.version for one in await store.publications("muse")] == [1]
    renamed = await store.job(job.id)
    assert renamed is not None
    assert renamed.persona == "muse"
    assert await store.next_version("muse") == 3
    await store.forget("muse")
    assert [one.name for one in await library.summaries()] == ["pip_two"]


async def test_renaming_to_a_name_that_is_taken_changes_nothing(store: SqliteStore, library: SqliteLibrary) -> None:
    await publish(store, "pip")
    await publish(store, "muse")
    with pytest.raises(AlreadyThere):
        await library.rename("pip", "muse")
    with pytest.raises(NotFound):
        await library.rename("nobody", "somebody")
    assert [one.folder for one in await library.versions()] == ["personas/muse/v1", "personas/pip/v1"]
