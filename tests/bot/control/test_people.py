"""Operations on accounts and people, as a bot that runs does them: over its socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.control.client import Remote, connected
from bot.control.people import BLOCK, OPT_IN, OPT_OUT, SET_QUOTA, Block, OptOut, Quota, parse_user
from bot.control.server import listening
from bot.domain import Caller, JobState, Publication, UserRules
from bot.errors import BadInput, NotAllowed, NotFound
from bot.usecases.optouts import Silence
from bot.usecases.say import find_persona
from tests.doubles.service import CALLER, FakeService

BEN = Caller("discord", "123", "7", "discord:1")


@pytest.fixture
async def remote(service: FakeService, tmp_path: Path) -> AsyncIterator[Remote]:
    async with listening(service.services, tmp_path / "control"), connected(tmp_path / "control") as remote:
        assert remote is not None
        yield remote


async def test_an_optout_silences_and_cancels_in_the_bot_that_runs(service: FakeService, remote: Remote) -> None:
    for name in ("pip", "bob-pip", "ladle"):
        await service.add_persona(name)
    for name in ("pip", "ladle"):
        await service.store.add_publication(Publication(name, f"https://hub/{name}", 1, True, datetime.now(UTC)))
    service.trainer.gate.clear()
    async with service.running():
        job, other = await service.add_job("pip"), await service.add_job("ladle")
        done = await remote.perform(OPT_OUT, OptOut(handle="pip"))
        assert done == Silence(("bob-pip", "pip"), (job.id,), ("https://hub/pip",))
        assert (await service.job(job.id)).state is JobState.CANCELLED
        assert (await service.job(other.id)).state is not JobState.CANCELLED
    with pytest.raises(NotAllowed, match="@pip doesn't want"):
        await find_persona(service.services, CALLER, "bob-pip")


async def test_an_optout_is_undone_once(service: FakeService, remote: Remote) -> None:
    await remote.perform(OPT_OUT, OptOut(handle="pip"))
    await remote.perform(OPT_IN, OptOut(handle="pip"))
    assert await service.services.chats.optouts() == set()
    with pytest.raises(NotFound, match="@pip has not opted out"):
        await remote.perform(OPT_IN, OptOut(handle="pip"))


async def test_a_block_holds_at_once_and_names_trainings_under_way(service: FakeService, remote: Remote) -> None:
    job = await service.add_job("pip", BEN)
    await service.add_job("bob", Caller("telegram", "123", "7", "telegram:1"))
    assert [one.id for one in await remote.perform(BLOCK, Block(user="discord:123", blocked=True))] == [job.id]
    with pytest.raises(NotAllowed, match="blocked you"):
        await service.services.gate.check_place(BEN)
    await remote.perform(BLOCK, Block(user="discord:123", blocked=False))
    await service.services.gate.check_place(BEN)
    with pytest.raises(NotFound, match="discord:123 is not blocked"):
        await remote.perform(BLOCK, Block(user="discord:123", blocked=False))


async def test_what_is_not_said_about_a_quota_stays(service: FakeService, remote: Remote) -> None:
    await remote.perform(BLOCK, Block(user="discord:123", blocked=True))
    await remote.perform(SET_QUOTA, Quota(user="discord:123", generations=5))
    rules = await remote.perform(SET_QUOTA, Quota(user="discord:123", trainings=0))
    assert rules == UserRules("discord:123", True, 5, 0)
    assert await service.services.users.users() == [rules]
    assert await remote.perform(SET_QUOTA, Quota(user="discord:123", clear=True)) == UserRules("discord:123", True)


async def test_of_two_decisions_at_once_both_hold(service: FakeService, remote: Remote) -> None:
    await asyncio.gather(
        remote.perform(BLOCK, Block(user="discord:123", blocked=True)),
        remote.perform(SET_QUOTA, Quota(user="discord:123", generations=5)),
        remote.perform(SET_QUOTA, Quota(user="discord:123", trainings=0)),
    )
    assert await service.services.users.users() == [UserRules("discord:123", True, 5, 0)]


@pytest.mark.parametrize(
    ("given", "user"),
    [
        ("discord:123456789012345678", "discord:123456789012345678"),
        (" Telegram:987654321 ", "telegram:987654321"),
        ("telegram:-1001234567890", "telegram:-1001234567890"),
    ],
)
def test_people_as_messengers_name_them(given: str, user: str) -> None:
    assert parse_user(given) == user


NUMBERS = ("", "-5", "0", "12a", "1:2", "١٢٣", " 5", "9" * 21)


@pytest.mark.parametrize("given", ["", "alice", "@alice", "123", "slack:1", *(f"discord:{one}" for one in NUMBERS)])
def test_nobody_is_named(given: str) -> None:
    with pytest.raises(BadInput, match=r"names nobody.*like discord:123456789012345678.*Copy User ID"):
        parse_user(given)
