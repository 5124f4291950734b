"""What people of one space have given stays there, and nobody changes what others hear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.arguments import TrainArguments
from bot.domain import Caller, JobState, Voice
from bot.errors import AlreadyThere, AlreadyTraining, Busy, NotAllowed, NotFound
from bot.usecases.jobs import cancel
from bot.usecases.personas import forget, plan_forgetting
from bot.usecases.say import find_persona
from bot.usecases.train import submit
from tests.doubles.service import CALLER, FakeService
from tests.doubles.sources import make_posts

A = Caller("discord", "ann", "7", "discord:A", admin=True)
B = Caller("discord", "bob", "8", "discord:B", admin=True)
FILE = Path("/tmp/posts.txt")


def wanted(*names: str, weight: float = 1.0, fresh: bool = False, file: bool = False) -> TrainArguments:
    voices = tuple(Voice(name, weight if n == 0 else 1.0) for n, name in enumerate(names))
    return TrainArguments(voices, (FILE,) if file else (), fresh)


async def train(service: FakeService, caller: Caller, what: TrainArguments) -> None:
    job, _ = await submit(service.services, caller, what)
    async with service.running():
        await service.notifier.wait(job.id)
    assert (await service.job(job.id)).state is JobState.DONE, (await service.job(job.id)).error


async def seen_by(service: FakeService, name: str) -> set[str]:
    return await service.store.spaces(name)


async def test_a_public_persona_is_shared_and_goes_on_for_all(service: FakeService) -> None:
    await train(service, CALLER, wanted("pip"))
    service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    await train(service, A, wanted("pip"))
    assert await seen_by(service, "pip") == {"", "discord:A"}


@pytest.mark.parametrize(
    "what",
    [wanted("pip", file=True), wanted("pip", weight=9.0)],
    ids=["with a file", "with another weight"],
)
async def test_what_others_hear_is_not_changed(service: FakeService, what: TrainArguments) -> None:
    await train(service, CALLER, wanted("pip"))
    service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    await train(service, A, wanted("pip"))
    with pytest.raises(NotAllowed, match="can't be changed"):
        await submit(service.services, A, what)


async def test_ones_own_persona_is_ones_own_to_change(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    await train(service, A, wanted("pip", fresh=True, file=True))
    assert await seen_by(service, "pip") == {"discord:A"}
    with pytest.raises(NotAllowed, match="Somebody else has a persona @pip"):
        await submit(service.services, B, wanted("pip"))


async def test_the_operator_shows_nobody_what_a_space_has_given(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    await train(service, CALLER, wanted("pip", fresh=True))
    assert await seen_by(service, "pip") == {"discord:A"}


async def test_a_training_of_others_is_not_told_about(service: FakeService) -> None:
    job, _ = await submit(service.services, A, wanted("pip", file=True))
    with pytest.raises(Busy, match="being trained at the moment"):
        await submit(service.services, B, wanted("pip"))
    with pytest.raises(NotFound, match="There is no persona yet"):
        await find_persona(service.services, B, "pip")
    with pytest.raises(NotFound, match="still training"):
        await find_persona(service.services, A, "pip")
    with pytest.raises(NotFound, match="There is no job"):
        await cancel(service.services, B, job.id)
    await cancel(service.services, replace(A, space="discord:dm:ann", admin=False), job.id)


async def test_a_remembered_persona_that_one_does_not_see_does_not_count(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    await service.add_persona("bob")
    await service.store.set_current_persona(B.channel, "pip")
    assert (await find_persona(service.services, B, None)).name == "bob"


async def test_forgetting_what_others_see(service: FakeService) -> None:
    await train(service, CALLER, wanted("pip"))
    service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    await train(service, A, wanted("pip"))
    with pytest.raises(NotAllowed, match="the operator's"):
        await plan_forgetting(service.services, A, "pip")
    await train(service, A, wanted("ladle"))
    with pytest.raises(AlreadyThere):
        await submit(service.services, B, wanted("ladle"))
    plan = await plan_forgetting(service.services, B, "ladle")
    assert plan.shared
    assert not await forget(service.services, B, plan)
    assert await seen_by(service, "ladle") == {"discord:A"}


async def test_a_public_persona_that_others_made_is_shown_here_too(service: FakeService) -> None:
    await train(service, A, wanted("pip"))
    with pytest.raises(AlreadyThere, match="can speak here now"):
        await submit(service.services, B, wanted("pip", fresh=True))
    assert await seen_by(service, "pip") == {"discord:A", "discord:B"}
    assert (await find_persona(service.services, B, None)).name == "pip"
    assert len(service.trainer.requests) == 1


async def test_a_first_training_that_is_under_way_is_told(service: FakeService) -> None:
    await submit(service.services, A, wanted("newcomer", file=True))
    with pytest.raises(AlreadyTraining, match="already in the queue"):
        await submit(service.services, A, wanted("newcomer"))


async def test_who_is_silent_is_not_the_usual_one(service: FakeService) -> None:
    for name in ("pip", "ladle"):
        await service.add_persona(name)
    await service.store.set_current_persona(A.channel, "pip")
    await service.services.chats.opt_out("pip")
    assert (await find_persona(service.services, A, None)).name == "ladle"


async def test_what_was_given_once_stays_private_when_public_posts_come_to_it(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    service.sources.before["pip"] = service.sources.posts["pip"]
    service.sources.posts["pip"] = make_posts(beginning="in public pip says ")
    await train(service, A, wanted("pip"))
    with pytest.raises(NotAllowed, match="Somebody else has"):
        await submit(service.services, B, wanted("pip"))
    assert await seen_by(service, "pip") == {"discord:A"}


async def test_the_operators_blend_is_heard_where_all_of_it_may_be_heard(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    await train(service, B, wanted("bob", file=True))
    service.sources.before = {name: service.sources.posts.pop(name) for name in ("pip", "bob")}
    await train(service, CALLER, wanted("pip", "ladle"))
    assert await seen_by(service, "ladle-pip") == {"discord:A"}
    await train(service, CALLER, wanted("pip", "bob"))
    assert await seen_by(service, "bob-pip") == {"-"}
    assert "bob-pip" in {one.name for one in await service.store.personas()}


async def test_the_operator_trains_a_persona_on_what_its_hearers_may_hear(service: FakeService) -> None:
    await train(service, CALLER, wanted("pip"))
    await train(service, A, wanted("bob", file=True))
    service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    await train(service, CALLER, wanted("pip"))
    assert {"pip"} in service.sources.keepers


async def test_forgetting_ends_whoevers_training(service: FakeService) -> None:
    await train(service, A, wanted("pip", file=True))
    service.trainer.gate.clear()
    service.sources.posts["pip"] += make_posts(beginning="later pip says ")
    job, _ = await submit(service.services, CALLER, wanted("pip"))
    async with service.running():
        await forget(service.services, A, await plan_forgetting(service.services, A, "pip"))
    assert (await service.job(job.id)).state is JobState.CANCELLED
    assert await service.store.personas() == []


async def test_starting_over_a_public_persona_harms_nobody(service: FakeService) -> None:
    await train(service, CALLER, wanted("pip"))
    await train(service, A, wanted("pip", fresh=True))
    assert await seen_by(service, "pip") == {"", "discord:A"}
