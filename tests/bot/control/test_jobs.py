"""Operations on jobs, through a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from bot.arguments import TrainArguments
from bot.control.client import Remote, connected
from bot.control.jobs import CANCEL, PROGRESS, RETRY, SAY, TRAIN, WATCH, JobNumber, Saying, Wanted, Watched
from bot.control.operation import Event, Note, Nothing
from bot.control.server import listening
from bot.domain import JobState, Utterance, Voice
from bot.errors import AlreadyTraining, BadInput, Costly, NotFound, OperatorError
from bot.usecases.train import OPERATOR
from bot.watching import News
from tests.doubles.generator import generated
from tests.doubles.processes import eventually
from tests.doubles.service import FakeService
from trainer.protocol import Piece


@dataclass
class Heard:
    events: list[Event] = field(default_factory=list)

    async def tell(self, event: Event) -> None:
        self.events.append(event)

    @property
    def news(self) -> list[News]:
        return [event for event in self.events if isinstance(event, News)]


class Held(asyncio.Event):
    """Knows when somebody waits for it, and when they have given up."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting, self.left = asyncio.Event(), asyncio.Event()

    async def wait(self) -> Literal[True]:
        self.waiting.set()
        try:
            return await super().wait()
        finally:
            self.left.set()


@pytest.fixture
async def remote(service: FakeService) -> AsyncIterator[Remote]:
    path = service.folders.control
    async with listening(service.services, path), connected(path) as remote:
        assert remote is not None
        yield remote


WANTED = Wanted(arguments=TrainArguments((Voice("pip", 2.0),), fresh=True, language="en"))


async def test_training_is_asked_for_as_the_operator(service: FakeService, remote: Remote) -> None:
    submitted = await remote.perform(TRAIN, WANTED)
    assert (submitted.job.caller, submitted.job.fresh, submitted.position) == (OPERATOR, True, 0)
    (account,) = submitted.job.accounts
    assert (account.handle, account.weight, account.language) == ("pip", 2.0, "en")
    with pytest.raises(AlreadyTraining) as caught:
        await remote.perform(TRAIN, WANTED)
    assert caught.value.job_id == submitted.job.id


async def test_files_cross_the_socket(service: FakeService, remote: Remote) -> None:
    wanted = Wanted(arguments=TrainArguments((Voice("pip"),), (Path("/posts of mine.txt"),)))
    submitted = await remote.perform(TRAIN, wanted)
    assert submitted.job.accounts[0].reference == "file:/posts of mine.txt"


async def test_what_costs_money_is_told_with_its_price(service: FakeService, remote: Remote) -> None:
    service.sources.cost, service.sources.left = 16_000_000, 20_000_000
    with pytest.raises(Costly) as caught:
        await remote.perform(TRAIN, WANTED)
    assert caught.value.cost == 16_000_000


async def test_a_training_is_watched_to_its_report_card(service: FakeService, remote: Remote) -> None:
    service.trainer.gate.clear()
    job = (await remote.perform(TRAIN, Wanted(arguments=TrainArguments((Voice("pip"),))))).job
    heard = Heard()
    watching = asyncio.create_task(remote.perform(WATCH, Watched(job_id=job.id), heard.tell))
    await eventually(lambda: bool(heard.news))
    assert heard.events[0] == Note(text="@pip waits, 1st in the queue (job 1). `mynah jobs cancel 1` stops it.")
    async with service.running():
        await eventually(lambda: len(service.trainer.requests) == 1)
        service.trainer.gate.set()
        ended = await watching
    assert ended.state is JobState.DONE
    assert any(one.progress and one.progress.preview for one in heard.news)
    assert [one.reported for one in heard.news if one.persona] == [False, True]
    persona = heard.news[-1].persona
    assert persona == await service.store.persona("pip")


async def test_who_comes_later_hears_at_once_how_far_it_is(service: FakeService, remote: Remote) -> None:
    service.trainer.gate.clear()
    await service.add_job()
    async with service.running():
        await eventually(lambda: service.jobs.progress is not None and service.jobs.progress[1].stage == "train")
        heard = Heard()
        watching = asyncio.create_task(remote.perform(WATCH, Watched(), heard.tell))
        await eventually(lambda: bool(heard.news))
        assert heard.events[0] == Note(text="@pip is being trained (job 1). `mynah jobs cancel 1` stops it.")
        now = await remote.perform(PROGRESS, Nothing())
        assert now is not None
        assert (now[0], now[1]) == (1, heard.news[0].progress)
        await remote.perform(CANCEL, JobNumber(job_id=1))
        assert (await watching).state is JobState.CANCELLED
    assert heard.news[-1].failure == "It was cancelled."
    assert await remote.perform(PROGRESS, Nothing()) is None


async def test_a_job_that_is_over_is_told_as_it_is(service: FakeService, remote: Remote) -> None:
    job, heard = await service.train(), Heard()
    assert await remote.perform(WATCH, Watched(job_id=job.id), heard.tell) == job
    assert heard.events == []
    with pytest.raises(NotFound, match="There is no job 77"):
        await remote.perform(WATCH, Watched(job_id=77))
    with pytest.raises(NotFound, match="Nothing is being trained"):
        await remote.perform(WATCH, Watched())


async def test_the_bot_ends_while_somebody_watches(service: FakeService) -> None:
    job, path, heard = await service.add_job(), service.folders.control, Heard()
    async with AsyncExitStack() as client:
        async with listening(service.services, path):
            remote = await client.enter_async_context(connected(path))
            assert remote is not None
            watching = asyncio.create_task(remote.perform(WATCH, Watched(job_id=job.id), heard.tell))
            await eventually(lambda: bool(heard.news))
        with pytest.raises(OperatorError, match="has ended in the middle of it"):
            await watching
    assert (await service.job(job.id)).state is JobState.QUEUED
    assert not service.services.watchers._watching


async def test_who_stops_watching_stops_nothing_else(service: FakeService, remote: Remote) -> None:
    service.trainer.gate.clear()
    job, heard = await service.add_job(), Heard()
    async with service.running():
        watching = asyncio.create_task(remote.perform(WATCH, Watched(job_id=job.id), heard.tell))
        await eventually(lambda: bool(heard.news))
        watching.cancel()
        await asyncio.wait([watching])
        await eventually(lambda: not service.services.watchers._watching)
        service.trainer.gate.set()
        await service.notifier.wait(job.id)
    assert (await service.job(job.id)).state is JobState.DONE


async def test_retrying(service: FakeService, remote: Remote) -> None:
    job = await service.add_job()
    await remote.perform(CANCEL, JobNumber(job_id=job.id))
    submitted = await remote.perform(RETRY, JobNumber(job_id=job.id))
    assert (submitted.job.id, submitted.job.caller) == (2, job.caller)
    for missing in (remote.perform(CANCEL, JobNumber(job_id=10**40)), remote.perform(RETRY, JobNumber(job_id=10**40))):
        with pytest.raises(NotFound, match="`mynah jobs --all`"):
            await missing


async def test_speaking_streams_pieces_on_the_way(service: FakeService, remote: Remote) -> None:
    await service.add_persona()
    service.generator.answers = [[Piece(id=0, sample=0, text="My dream is soup"), generated("My dream is soup.")]]
    heard = Heard()
    said = await remote.perform(SAY, Saying(prompt="My dream is", persona="pip", stream=True), heard.tell)
    assert said == Utterance("pip", ("My dream is soup.",))
    assert [event.text for event in heard.events if isinstance(event, Piece)] == ["My dream is soup"]
    with pytest.raises(BadInput, match="1 to 5 samples"):
        await remote.perform(SAY, Saying(prompt="My dream is", n=6))


async def test_who_goes_away_stops_what_was_being_said(service: FakeService, remote: Remote) -> None:
    await service.add_persona()
    held = Held()
    service.generator.answers = [[held, generated("too late")]]
    speaking = asyncio.create_task(remote.perform(SAY, Saying(prompt="My dream is", persona="pip")))
    async with asyncio.timeout(60):
        await held.waiting.wait()
        speaking.cancel()
        await held.left.wait()
    assert not held.is_set()
    assert (await remote.perform(SAY, Saying(prompt="Soup", persona="pip"))).samples == ("Soup soup.",)
