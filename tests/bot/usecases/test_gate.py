from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from bot.domain import Caller
from bot.errors import Limited, NotAllowed
from bot.live import LiveSettings
from bot.policy import Rules
from bot.settings import LimitSettings, Settings
from bot.usecases.gate import Gate
from tests.doubles.service import FakeService

LIMITS = LimitSettings(cooldown_seconds=10, answers_at_once=1, generations_a_day=5, trainings_a_day=2)
BEN = Caller("discord", "ben", "7", "discord:1")
ANN = replace(BEN, user="ann", admin=True)


@dataclass
class Time:
    seconds: float = 100.0
    day: datetime = datetime(2026, 1, 1, 20, 40, tzinfo=UTC)


def gate(service: FakeService, time: Time) -> Gate:
    live = LiveSettings(Settings(limits=LIMITS))
    return Gate(
        service.store, service.services.chats, service.services.users, live, lambda: time.seconds, lambda: time.day
    )


async def train(gate: Gate, caller: Caller) -> None:
    async with gate.training(caller):
        await asyncio.sleep(0)


async def speak(gate: Gate, caller: Caller, n: int = 1) -> None:
    async with gate.speaking(caller, n):
        await asyncio.sleep(0)


async def test_the_operator_has_no_limits(service: FakeService) -> None:
    one = gate(service, Time())
    for _ in range(9):
        await speak(one, Caller("console", "me", "here"))


async def test_a_pause_between_two_questions(service: FakeService) -> None:
    time = Time()
    one = gate(service, time)
    await speak(one, BEN)
    time.seconds += 4
    with pytest.raises(Limited, match="try again in 6 s"):
        await speak(one, BEN)
    await speak(one, replace(BEN, user="eve"))
    time.seconds += 6
    await speak(one, BEN)


async def test_one_at_a_time(service: FakeService) -> None:
    time = Time()
    one = gate(service, time)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(one.speaking(BEN, 1))
        time.seconds += 60
        with pytest.raises(Limited, match="still busy"):
            await speak(one, BEN)
        await speak(one, ANN)
    await speak(one, BEN)


async def test_a_days_answers_are_the_spaces(service: FakeService) -> None:
    time = Time()
    one = gate(service, time)
    await speak(one, ANN, 5)  # admins are exempt, but what they ask for counts
    with pytest.raises(Limited, match=r"5 answers a day\. It goes on in 3 h 20 min"):
        await speak(one, BEN)
    await speak(one, ANN)
    await speak(one, replace(BEN, space="discord:2"))
    time.day = datetime(2026, 1, 2, tzinfo=UTC)
    time.seconds += 60
    await speak(one, BEN)


async def test_admins_may_be_stricter_than_the_operator_but_not_more_generous(service: FakeService) -> None:
    one = gate(service, Time())
    await service.services.chats.change_rules(
        BEN.space, lambda _: Rules(generations_a_day=1, everyone_trains=True, trainings_a_day=99)
    )
    await speak(one, BEN)
    with pytest.raises(Limited, match="1 answers a day"):
        await speak(one, replace(BEN, user="eve"))
    for _ in range(2):
        await train(one, BEN)
        await one.count_training(BEN)
    with pytest.raises(Limited, match="2 trainings a day"):
        await train(one, BEN)
    await train(one, ANN)


async def test_who_may_train(service: FakeService) -> None:
    one = gate(service, Time())
    with pytest.raises(NotAllowed, match="Only admins may train here"):
        await train(one, BEN)
    await train(one, replace(BEN, space="discord:dm:ben"))
    await service.services.chats.change_rules(BEN.space, lambda _: Rules(trainers=("8",)))
    await train(one, replace(BEN, roles=("7", "8")))


async def test_one_training_of_a_person_at_a_time(service: FakeService) -> None:
    one = gate(service, Time())
    caller = replace(BEN, space="discord:dm:ben")
    await service.add_job("pip", caller)
    with pytest.raises(Limited, match="One training at a time"):
        await train(one, caller)


async def test_an_answer_that_fails_frees_its_place(service: FakeService) -> None:
    time = Time()
    one = gate(service, time)
    with pytest.raises(RuntimeError):
        async with one.speaking(BEN, 1):
            raise RuntimeError
    time.seconds += 60
    await speak(one, BEN)


async def test_a_burst_of_one_person_is_one_question(service: FakeService) -> None:
    one = gate(service, Time())
    done = await asyncio.gather(*(speak(one, BEN) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, Limited) for each in done) == 5


async def test_one_request_for_a_training_at_a_time(service: FakeService) -> None:
    one = gate(service, Time())
    done = await asyncio.gather(*(train(one, ANN) for _ in range(3)), return_exceptions=True)
    assert sum(isinstance(each, Limited) for each in done) == 2


async def test_a_training_that_came_to_nothing_does_not_count(service: FakeService) -> None:
    one = gate(service, Time())
    caller = replace(BEN, space="discord:dm:ben")
    await one.count_training(caller)
    assert await service.services.chats.used(caller.space, "training", "2026-01-01") == 1
    for _ in range(2):
        await one.give_training_back(caller)
        assert await service.services.chats.used(caller.space, "training", "2026-01-01") == 0
