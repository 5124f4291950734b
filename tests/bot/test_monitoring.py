from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.cli.health import ask, told
from bot.control.server import listening
from bot.domain import Purchase
from bot.errors import OperatorError
from bot.health import SERVE, until_stopped
from bot.metrics import LEVELS, Metrics
from bot.monitoring.figures import exposition
from bot.monitoring.observers import counting_troubles, measure_lag
from bot.monitoring.readiness import readiness
from bot.monitoring.server import watched
from bot.settings import MetricsSettings
from bot.store.rows import now
from tests.doubles.service import FakeService

DASHBOARD = Path(__file__).parents[2] / "docs" / "operations" / "grafana.json"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def samples(service: FakeService) -> dict[tuple[str, tuple[str, ...]], float]:
    """By name and the values of its labels."""
    text = (await exposition(service.services)).decode()
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(one.labels.values())): one.value for family in families for one in family.samples}


async def lose_jobs(service: FakeService) -> None:
    """The database can't tell of them any more."""
    await service.store.database.fetch("ALTER TABLE jobs RENAME TO others")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


# Figures


async def test_jobs_pool_money_and_disk(service: FakeService) -> None:
    await service.train("pip")
    await service.add_job("bob")
    async with service.services.pool.lease("pip/v1", 4):
        found = await samples(service)
    assert found["mynah_jobs", ("done",)] == 1
    assert found["mynah_jobs", ("queued",)] == 1
    assert found["mynah_jobs", ("failed",)] == 0
    assert (found["mynah_pool_personas", ()], found["mynah_pool_bytes", ()]) == (1, 4)
    assert (found["mynah_pool_misses_total", ()], found["mynah_pool_hits_total", ()]) == (1, 0)
    assert found["mynah_budget_dollars", ("x",)] == 20
    assert found["mynah_disk_used_bytes", ("personas",)] > 0
    assert found["mynah_disk_free_bytes", ()] > 0


async def test_money_is_this_months(service: FakeService) -> None:
    spending = service.services.spending
    for month, n in ((now()[:7], 300), ("2020-01", 5000)):
        assert await spending.reserve(Purchase("x", month, "alice", "posts", n, 5_000), 10**9) is not None
    assert (await samples(service))["mynah_spent_dollars", ("x",)] == 1.5


async def test_a_worker_that_does_not_run_is_not_asked(service: FakeService) -> None:
    assert ("mynah_serve_tokens_total", ()) not in await samples(service)
    service.services.health.parts[SERVE] = lambda: True
    assert (await samples(service))["mynah_serve_tokens_total", ()] == 0


async def test_what_cannot_be_found_out_is_left_out(service: FakeService) -> None:
    await lose_jobs(service)
    found = await samples(service)
    assert not any(name == "mynah_jobs" for name, _ in found)
    assert ("mynah_pool_bytes", ()) in found


async def test_the_dashboard_asks_for_what_there_is(service: FakeService) -> None:
    service.services.health.parts[SERVE] = lambda: True
    known = {name for name, _ in await samples(service)}
    dashboard = json.loads(DASHBOARD.read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    assert len(asked) > 20
    for expression in asked:
        names = set(re.findall(r"mynah_\w+", expression))
        assert names, expression
        assert names <= known, expression


# What is watched beside the work


@pytest.mark.parametrize(
    ("logger", "level", "platform"),
    [
        ("bot.platforms.discord.desk", logging.WARNING, "discord"),
        ("bot.platforms.telegram.connection", logging.ERROR, "telegram"),
        ("bot.platforms.handling", logging.ERROR, "other"),
        ("discord.gateway", logging.WARNING, "discord"),
        ("telegram.ext.Updater", logging.CRITICAL, "telegram"),
        ("discord", logging.ERROR + 5, "discord"),
        ("bot.jobs", logging.ERROR, None),
        ("discordant", logging.ERROR, None),
        ("bot.platforms.discord.desk", logging.INFO, None),
    ],
)
def test_troubles_of_messengers_are_counted(logger: str, level: int, platform: str | None) -> None:
    metrics = Metrics()
    with counting_troubles(metrics):
        logging.getLogger(logger).log(level, "something")
    logging.getLogger(logger).log(level, "after that")
    found = {
        (sample.labels["platform"], sample.labels["level"])
        for family in metrics.troubles.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and sample.value == 1
    }
    assert found == ({(platform, LEVELS[level // 10 - 3])} if platform else set())


async def test_a_loop_that_is_held_up_is_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.monitoring.observers.LAG_SECONDS", 0.001)
    metrics = Metrics()
    task = asyncio.create_task(measure_lag(metrics))
    await asyncio.sleep(0)
    time.sleep(0.05)  # holds it up
    while not metrics.registry.get_sample_value("mynah_loop_lag_seconds_count"):
        await asyncio.sleep(0.001)
    task.cancel()
    assert metrics.registry.get_sample_value("mynah_loop_lag_seconds_sum", {}) > 0.04  # type: ignore[operator]


# Ready or not


async def test_ready_when_every_part_works_and_nobody_stops_it(service: FakeService) -> None:
    health = service.services.health
    health.parts.update({SERVE: lambda: True, "discord": lambda: False})
    found = await readiness(service.services)
    assert (found.parts, found.status) == ({"database": True, "serve": True, "discord": False}, 503)
    health.parts["discord"] = lambda: True
    assert (await readiness(service.services)).status == 200
    health.stopping.set()
    assert (await readiness(service.services)).status == 503


async def test_a_database_that_gives_no_answers(service: FakeService) -> None:
    await lose_jobs(service)
    assert (await readiness(service.services)).parts == {"database": False}


# HTTP


async def test_over_http(service: FakeService, http: aiohttp.ClientSession) -> None:
    port = free_port()
    service.services.health.parts["telegram"] = lambda: False
    async with watched(service.services, MetricsSettings(port=port)):
        async with http.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 503
            assert (await answer.json())["parts"] == {"database": True, "telegram": False}
        async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert "mynah_jobs" in await answer.text()
        async with http.post(f"http://127.0.0.1:{port}/metrics") as answer:
            assert answer.status == 405
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"http://127.0.0.1:{port}/healthz")


@pytest.mark.parametrize("answer", [b"hello", b"[1]", b'"x"', b""])
def test_somebody_else_on_the_socket_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    monkeypatch.setattr("bot.cli.health._get", lambda name: answer)
    with pytest.raises(OperatorError, match="no state of a bot"):
        ask(tmp_path)


def test_a_bot_of_another_user_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(name: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bot.cli.health._get", refused)
    with pytest.raises(OperatorError, match="another user's"):
        ask(tmp_path)


async def test_a_port_that_is_taken_is_a_warning(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    async with (
        watched(service.services, MetricsSettings(port=port)),
        watched(service.services, MetricsSettings(port=port)),
    ):
        assert f"127.0.0.1:{port}, can't be listened at" in caplog.text


async def test_port_0_is_off(service: FakeService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with watched(service.services, MetricsSettings(port=0)):
        assert caplog.text == ""


# `mynah health`


async def test_health_asks_the_control_socket(service: FakeService) -> None:
    services = service.services
    services.health.parts.update({SERVE: lambda: True, "discord": lambda: False})
    async with listening(services, services.folders.control):
        found = await asyncio.to_thread(ask, services.folders.root)
        assert told(found) == "alive, not ready: database ok, serve ok, discord missing"
        services.health.parts["discord"] = lambda: True
        assert (await asyncio.to_thread(ask, services.folders.root))["ready"]
        services.health.stopping.set()
        assert told(await asyncio.to_thread(ask, services.folders.root)).startswith("stopping: ")
    with pytest.raises(OperatorError, match="No bot is running"):
        ask(services.folders.root)


def test_health_of_a_bot_that_was_killed(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "control.sock"))
    with pytest.raises(OperatorError, match="No bot is running"):
        ask(tmp_path)


def test_health_of_a_bot_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.cli.health.SECONDS", 0.05)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / "control.sock"))
        deaf.listen()
        with pytest.raises(OperatorError, match="doesn't answer"):
            ask(tmp_path)


# Until it is stopped


async def test_work_ends_by_itself_by_its_error_or_by_a_stop() -> None:
    stopping, ended = asyncio.Event(), list[str]()

    async def work(error: Exception | None = None, forever: bool = False) -> None:
        try:
            if error is not None:
                raise error
            if forever:
                await asyncio.Event().wait()
        finally:
            ended.append("ended")

    await until_stopped(work(), stopping)
    with pytest.raises(OperatorError):
        await until_stopped(work(OperatorError("no")), stopping)
    stopped = asyncio.create_task(until_stopped(work(forever=True), stopping))
    await asyncio.sleep(0)
    stopping.set()
    await stopped
    assert ended == ["ended"] * 3


async def test_a_stop_in_the_middle_of_a_stop_waits_for_its_end() -> None:
    stopping, tidied, may = asyncio.Event(), list[str](), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await may.wait()
            tidied.append("tidied")

    stopped = asyncio.create_task(until_stopped(work(), stopping))
    stopping.set()
    for _ in range(5):
        await asyncio.sleep(0)
        stopped.cancel()
    assert not stopped.done()
    may.set()
    with pytest.raises(asyncio.CancelledError):
        await stopped
    assert tidied == ["tidied"]
