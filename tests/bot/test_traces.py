"""Which lines are about which request or job, on this side and in workers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from bot import traces
from bot.app import log_options
from bot.clients import GeneratorClient, WorkerSlot
from bot.platforms.console.console import CHAT, Console, ConsoleNotifier
from bot.platforms.console.screen import PlainScreen
from bot.settings import LogSettings, Settings
from tests.bot.platforms.discord.harbour import answered, harbour
from tests.doubles.logging import Logging, left_alone
from tests.doubles.scripted import scripted_worker
from tests.doubles.service import FakeService
from trainer.logs import json_lines
from trainer.protocol import Generated, GenerateRequest, StatsRequest, Trace

ECHO = """
ready()
while True:
    request = receive()
    say(request, request.trace.model_dump_json())
"""
ASK = GenerateRequest(id=0, key="pip/v1", prompt="My dream is")


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Logging]:
    with left_alone():
        lines = Logging(tmp_path / "test.log")
        lines.begin(json_lines())
        yield lines


def found(lines: Logging, event: str) -> list[dict[str, Any]]:
    return [line for line in lines.read() if line["event"] == event]


def test_a_request_has_an_id_of_its_own_until_it_ends() -> None:
    ids = []
    for _ in range(2):
        with traces.request("discord", operation="say"):
            known = get_contextvars()
            assert (known["platform"], known["operation"], len(known["request_id"])) == ("discord", "say", 8)
            ids.append(known["request_id"])
            with traces.request("console"):
                assert get_contextvars() == known
        assert get_contextvars() == {}
    assert ids[0] != ids[1]


async def test_a_task_inherits_what_it_is_about_unless_it_is_nobodys() -> None:
    async def known() -> dict[str, Any]:
        return get_contextvars()

    with traces.request("discord"), traces.job(3):
        here = get_contextvars()
        assert here["job_id"] == 3
        assert await asyncio.create_task(known()) == here
        assert await asyncio.create_task(known(), context=traces.nobodys()) == {}
        assert get_contextvars() == here


def test_work_is_stamped_and_the_rest_is_left_alone() -> None:
    assert traces.traced(ASK) == ASK
    with traces.request("discord"), traces.job(3):
        request_id = get_contextvars()["request_id"]
        stamped = traces.traced(ASK)
        assert isinstance(stamped, GenerateRequest)
        assert stamped.trace == Trace(request_id=request_id, job_id=3)
        assert traces.traced(StatsRequest(id=0)) == StatsRequest(id=0)


async def test_a_worker_hears_who_asks_each_time(tmp_path: Path, lines: Logging) -> None:
    """Its process and its reader live longer than the request that started it."""
    slot = WorkerSlot(scripted_worker(tmp_path, ECHO), tmp_path / "serve.log")
    client = GeneratorClient(slot)

    async def ask() -> tuple[Trace, str]:
        with traces.request("discord"):
            (answer,) = [one async for one in client.generate(ASK)]
            assert isinstance(answer, Generated)
            return Trace.model_validate_json(answer.samples[0]), get_contextvars()["request_id"]

    try:
        for heard, request_id in [await ask(), await ask()]:
            assert heard == Trace(request_id=request_id)
    finally:
        await slot.close()
    (started,) = found(lines, "worker started")
    assert started["worker"] == "serve"
    assert "request_id" not in started


async def test_a_worker_that_dies_is_a_warning(tmp_path: Path, lines: Logging) -> None:
    slot = WorkerSlot(scripted_worker(tmp_path, "ready()\nreceive()\nsys.exit(3)"), tmp_path / "serve.log")
    worker = await slot.worker()
    assert worker.process.stdin is not None
    worker.process.stdin.write(b'{"type": "stats", "id": 1}\n')
    assert worker._reader is not None
    await worker._reader
    (ended,) = found(lines, "worker ended")
    assert (ended["level"], ended["exit_code"]) == ("warning", 3)


async def test_a_jobs_lines_have_its_number(service: FakeService, lines: Logging) -> None:
    with traces.request("discord"):
        job = await service.add_job()
    async with service.running():
        await service.notifier.wait(job.id)
        await service.jobs.settled(job.id)
    (started,), (ended,) = found(lines, "job started"), found(lines, "job ended")
    assert (started["job_id"], started["persona"], started["attempt"]) == (job.id, "pip", 1)
    assert (ended["job_id"], ended["state"], ended["attempts"], "request_id" in ended) == (job.id, "done", 1, False)


async def test_a_job_that_fails_says_so(service: FakeService, lines: Logging) -> None:
    service.trainer.error = ZeroDivisionError("that is a bug")
    job = await service.train()
    (ended,) = found(lines, "job ended")
    assert (ended["job_id"], ended["state"]) == (job.id, "failed")
    broken = next(line for line in lines.read() if "exception" in line)
    assert broken["job_id"] == job.id


async def test_lines_of_the_console_are_requests(service: FakeService, lines: Logging) -> None:
    await service.add_persona()
    console = Console(service.services, PlainScreen(), ConsoleNotifier(1), caller=CHAT)
    await console.handle("My dream is")
    await console.handle("/say Tea")
    one, two = found(lines, "said")
    assert one["platform"] == two["platform"] == "console"
    assert one["request_id"] != two["request_id"]
    assert "dream" not in lines.path.read_text()


async def test_commands_buttons_and_mentions_on_discord_are_requests(tmp_path: Path, lines: Logging) -> None:
    async with harbour(tmp_path / "harbour") as place:
        await place.persona()
        message = await answered(await place.fake.slash(place.ben, place.general, "say", prompt="My dream is"))
        await answered(await place.fake.click(place.ann, message, "Again"))
        lines_said = found(lines, "said")
    assert [line["platform"] for line in lines_said] == ["discord", "discord"]
    assert len({line["request_id"] for line in lines_said}) == 2


def test_workers_log_as_the_settings_say(tmp_path: Path) -> None:
    quiet = Settings(data_dir=tmp_path, logs=LogSettings(level="warning", file_megabytes=3))
    options = ["--log-file", "/x/serve.log", "--log-level", "warning", "--log-megabytes", "3"]
    assert log_options(quiet, Path("/x/serve.log")) == options
    loud = Settings(data_dir=tmp_path, logs=LogSettings(log_content=True))
    assert log_options(loud, Path("/x/serve.log"))[-1] == "--log-content"
