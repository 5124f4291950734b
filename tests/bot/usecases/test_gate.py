from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.domain import Caller, UserRules
from bot.errors import Limited, NotAllowed
from bot.live import LiveSettings
from bot.policy import Rules
from bot.settings import LimitSettings, Settings
from bot.usecases.gate import Gate
from bot.usecases.optouts import opt_out
from bot.usecases.personas import forget, plan_forgetting
from tests.bot.platforms.discord.harbour import answered, harbour
from tests.bot.platforms.telegram.town import town
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


# What the operator has decided about a person

BLOCKED = "The operator of this bot has blocked you"


async def decide(service: FakeService, rules: UserRules) -> None:
    await service.services.users.change_user(rules.user, lambda _: rules)


async def used(service: FakeService, space: str, what: str = "generation") -> int:
    return await service.services.chats.used(space, what, "2026-01-01")


@pytest.mark.parametrize("caller", [BEN, replace(BEN, admin=True), replace(BEN, space="discord:dm:ben")])
async def test_who_is_blocked_neither_speaks_nor_trains(service: FakeService, caller: Caller) -> None:
    one = gate(service, Time())
    await decide(service, UserRules("discord:ben", blocked=True))
    for asking in (speak(one, caller), train(one, caller), one.check_place(caller)):
        with pytest.raises(NotAllowed, match=BLOCKED):
            await asking
    assert await used(service, caller.space) == 0
    for other in (replace(caller, user="eve", space="discord:1"), replace(caller, platform="telegram")):
        await speak(one, other)
    await decide(service, UserRules("discord:ben"))
    await speak(one, caller)


async def test_who_is_blocked_may_still_have_what_is_theirs_silenced_and_forgotten(service: FakeService) -> None:
    alone = replace(BEN, space="discord:dm:ben")
    await service.add_persona("pip")
    await service.store.database.fetch("UPDATE persona_spaces SET space = ?", (alone.space,))
    await decide(service, UserRules("discord:ben", blocked=True))
    assert await opt_out(service.services, BEN, "pip") == ["pip"]
    assert await forget(service.services, alone, await plan_forgetting(service.services, alone, "pip"))
    assert await service.store.persona("pip") is None


async def test_the_operator_has_no_rules(service: FakeService) -> None:
    one = gate(service, Time())
    await decide(service, UserRules("console:me", True, 0, 0))
    await speak(one, Caller("console", "me", "here"))
    await train(one, Caller("console", "me", "here"))


@pytest.mark.parametrize("admin", [True, False])
async def test_a_persons_own_answers_count_over_all_spaces(service: FakeService, admin: bool) -> None:
    time, caller = Time(), replace(BEN, admin=admin)
    one = gate(service, time)
    await decide(service, UserRules("discord:ben", generations_a_day=3))
    for space in ("discord:1", "discord:2"):
        await speak(one, replace(caller, space=space), 2)
        time.seconds += 60
    with pytest.raises(Limited, match=r"all for you today: 3 answers a day\. It goes on in 3 h 20 min"):
        await speak(one, replace(caller, space="discord:3"))
    assert (await used(service, "user:discord:ben"), await used(service, "discord:1")) == (4, 2)
    assert await used(service, "discord:3") == 0
    await speak(one, replace(caller, user="eve"))
    time.day = datetime(2026, 1, 2, tzinfo=UTC)
    await speak(one, caller)


async def test_a_persons_own_quota_holds_besides_the_spaces(service: FakeService) -> None:
    time = Time()
    one = gate(service, time)
    await decide(service, UserRules("discord:ben", generations_a_day=1000))
    await speak(one, BEN, 5)
    time.seconds += 60
    with pytest.raises(Limited, match="for today here: 5 answers a day"):
        await speak(one, BEN)
    assert await used(service, "user:discord:ben") == 5


async def test_a_quota_is_kept_by_who_asks_many_things_at_once(service: FakeService) -> None:
    one = gate(service, Time())
    await decide(service, UserRules("discord:ann", generations_a_day=2))
    done = await asyncio.gather(*(speak(one, ANN) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, Limited) for each in done) == 4
    assert await used(service, "user:discord:ann") == 2


async def test_nothing_is_written_about_people_without_a_quota(service: FakeService) -> None:
    one = gate(service, Time())
    await decide(service, UserRules("discord:ann", trainings_a_day=1))
    await speak(one, BEN)
    await speak(one, ANN)
    await one.count_training(BEN)
    rows = await service.store.database.fetch("SELECT space FROM usage")
    assert {row["space"] for row in rows} == {"discord:1"}


async def test_a_persons_own_trainings_count_over_all_spaces_and_are_given_back(service: FakeService) -> None:
    one, elsewhere = gate(service, Time()), replace(ANN, space="discord:2")
    await decide(service, UserRules("discord:ann", trainings_a_day=1))
    await train(one, ANN)
    await one.count_training(ANN)
    with pytest.raises(Limited, match="all for you today: 1 trainings a day"):
        await train(one, elsewhere)
    await one.give_training_back(ANN)
    assert (await used(service, "user:discord:ann", "training"), await used(service, "discord:1", "training")) == (0, 0)
    await train(one, elsewhere)


async def test_a_quota_of_nothing(service: FakeService) -> None:
    one = gate(service, Time())
    await decide(service, UserRules("discord:ann", generations_a_day=0, trainings_a_day=0))
    with pytest.raises(NotAllowed, match="doesn't let you talk"):
        await speak(one, ANN)
    with pytest.raises(NotAllowed, match="doesn't let you train"):
        await train(one, ANN)


async def test_nothing_on_telegram_gets_around_a_block(tmp_path: Path) -> None:
    async with town(tmp_path / "data") as place:
        await place.persona("pip")
        said = await place.ask("/say My dream is")  # by ann, an admin of the group
        await decide(place.service, UserRules(f"telegram:{place.ann.id}", blocked=True))
        for command in ("/say Hi", "/train @ladle", "/card pip", "/start persona_pip"):
            assert BLOCKED in (await place.ask(command)).text
        assert BLOCKED in (await place.ask("My dream is", chat=place.alone)).text
        for button in ("Again", "More", "Card"):
            await place.fake.press(place.ann, said, button)
        query = await (await place.fake.inline(place.ann, "pip: My dream is")).until()
        assert query.titles == []
        assert BLOCKED in (await place.ask("/train @ladle", chat=place.alone)).text
        assert "What I keep" in (await place.ask("/privacy", chat=place.alone)).text
        await place.ask("/say My dream is", place.ben)
        assert len(place.service.generator.requests) == 2
        assert await place.service.store.unfinished_jobs() == []


async def test_nothing_on_discord_gets_around_a_block(tmp_path: Path) -> None:
    async with harbour(tmp_path / "data") as place:
        await place.persona("pip")
        said = await answered(await place.fake.slash(place.ann, place.general, "say", prompt="My dream is"))
        await decide(place.service, UserRules(f"discord:{place.ann.id}", blocked=True))
        for command, options in {"say": {"prompt": "Hi"}, "train": {"handle": "ladle"}, "card": {}}.items():
            message = await answered(await place.fake.slash(place.ann, place.general, command, **options))
            assert BLOCKED in message.content
        for button in ("Again", "More"):
            assert BLOCKED in (await answered(await place.fake.click(place.ann, said, button))).content
        assert len(place.service.generator.requests) == 1
        assert await place.service.store.unfinished_jobs() == []
