from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest

from bot.domain import Caller
from bot.errors import OperatorError, UserError, WorkerDied
from bot.metrics import OUTCOMES, PLATFORMS, Metrics
from bot.settings import LimitSettings, Settings
from bot.usecases.say import say, variants
from bot.usecases.train import OPERATOR
from tests.doubles.generator import generated
from tests.doubles.service import CALLER, FakeService, fake_service
from trainer.protocol import Generated, Piece

PERSON = Caller("discord", "ann", "general")


def value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


def counted(metrics: Metrics) -> dict[tuple[str, str], float]:
    """Generations by platform and outcome, where there are any."""
    found = {
        (platform, outcome): value(metrics, "mynah_generations_total", platform=platform, outcome=outcome)
        for platform in PLATFORMS
        for outcome in OUTCOMES
    }
    return {labels: n for labels, n in found.items() if n}


def piece(text: str) -> Piece:
    return Piece(id=0, sample=0, text=text)


async def speak(service: FakeService, caller: Caller = PERSON, prompt: str = "My dream is") -> None:
    async for _ in say(service.services, caller, "pip", prompt):
        pass


@pytest.mark.parametrize(
    ("caller", "platform"),
    [
        (PERSON, "discord"),
        (Caller("telegram", "ann", "1"), "telegram"),
        (Caller("console", "console", "console"), "console"),
        (OPERATOR, "shell"),
        (CALLER, "other"),
    ],
)
async def test_an_answer_is_counted_and_timed(service: FakeService, caller: Caller, platform: str) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[piece(" a"), piece(" lake"), generated("My dream is a lake.")]]
    await speak(service, caller)
    metrics = service.services.metrics
    assert counted(metrics) == {(platform, "ok"): 1}
    assert value(metrics, "mynah_first_token_seconds_count") == 1
    assert value(metrics, "mynah_generation_seconds_count") == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Generated(id=0, samples=(), n_tokens=9, quotes=1), "quotes"),
        (UserError("That word is blocked."), "refused"),
        (OperatorError("There is no base model."), "error"),
        (RuntimeError("a bug"), "error"),
    ],
)
async def test_other_ends(service: FakeService, answer: Generated | Exception, outcome: str) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[answer]]
    with suppress(UserError, OperatorError, RuntimeError):
        await speak(service)
    assert counted(service.services.metrics) == {("discord", outcome): 1}
    assert value(service.services.metrics, "mynah_first_token_seconds_count") == 0


async def test_a_worker_that_died_twice_is_our_error(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[WorkerDied("gone")], [WorkerDied("gone")]]
    with pytest.raises(UserError):
        await speak(service)
    assert counted(service.services.metrics) == {("discord", "error"): 1}


async def test_what_cannot_be_asked_for_and_a_full_pool(service: FakeService) -> None:
    await service.add_persona("pip", n_bytes=80)
    with pytest.raises(UserError):
        await speak(service, prompt="")
    service.generator.sizes["bob/v1"] = 80
    async with service.services.pool.lease("bob/v1", 80):
        with pytest.raises(UserError):
            await speak(service)
    assert counted(service.services.metrics) == {("discord", "refused"): 1, ("discord", "busy"): 1}


async def test_who_goes_away_has_cancelled(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[piece(" a"), asyncio.Event()]]
    task = asyncio.create_task(speak(service))
    while not service.generator.requests:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert counted(service.services.metrics) == {("discord", "cancelled"): 1}


async def test_who_goes_away_after_the_whole_answer_has_had_it(service: FakeService) -> None:
    await service.add_persona("pip")
    events = say(service.services, PERSON, "pip", "My dream is")
    await anext(events)
    await events.aclose()
    assert counted(service.services.metrics) == {("discord", "ok"): 1}


async def test_variants_are_counted_one_by_one_and_a_refusal_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, limits=LimitSettings(cooldown_seconds=3600))
    async with fake_service(tmp_path, settings) as service:
        pip = await service.add_persona("pip")
        ann = Caller("telegram", "ann", "1", space="telegram:dm:ann")
        assert len([one async for one in variants(service.services, ann, pip, "Hi", 3)]) == 3
        with pytest.raises(UserError):
            await anext(variants(service.services, ann, pip, "Hi", 3))
        assert counted(service.services.metrics) == {("telegram", "ok"): 3, ("telegram", "refused"): 1}


async def test_trainings_by_how_they_ended(service: FakeService) -> None:
    metrics = service.services.metrics
    await service.train("pip")
    service.trainer.error = OperatorError("no")
    await service.train("bob")
    service.trainer.error = None
    service.trainer.gate.clear()
    async with service.running():
        job = await service.add_job("ladle")
        while "begin ladle" not in service.trainer.log:
            await asyncio.sleep(0.001)
        await service.jobs.cancel(job.id)
    for outcome in ("done", "failed", "cancelled"):
        assert value(metrics, "mynah_training_seconds_count", outcome=outcome) == 1


async def test_a_job_that_never_ran_took_no_time(service: FakeService) -> None:
    job = await service.add_job("pip")
    await service.jobs.cancel(job.id)
    assert value(service.services.metrics, "mynah_training_seconds_count", outcome="cancelled") == 0
    assert service.notifier.ends == ["pip: It was cancelled."]


async def test_labels_stay_few_whatever_people_are_called(service: FakeService) -> None:
    metrics = service.services.metrics
    before = len([sample for family in metrics.registry.collect() for sample in family.samples])
    await service.add_persona("pip")
    for n in range(50):
        caller = Caller(f'net{n}\n"{{}}', f"user{n}", f"channel{n}", space=f"net{n}:{n}")
        with suppress(UserError):
            await speak(service, caller, prompt="x" * 100 * n)
        await service.add_job(f"h{n}", caller)
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    assert len(samples) == before
    assert {sample.labels["platform"] for sample in samples if "platform" in sample.labels} == set(PLATFORMS)
