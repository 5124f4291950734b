"""`mynah run` as whoever operates it sees it: stops, reloads, health. The real processes, on a tiny base model."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace

import pytest

from tests.bot.test_monitoring import free_port
from tests.doubles.telegram import Chat, FakeTelegram, User
from tests.e2e.conftest import WAIT_SECONDS, Mynah, wait_for
from tests.e2e.test_survival import LONG
from tests.e2e.test_telegram import see, telegram

PIP = "pip_the_lighthouse"
WORTH = 4  # seconds of training that are saved when it is stopped


@dataclass
class Town:
    fake: FakeTelegram
    mynah: Mynah
    alone: Chat
    ann: User

    @asynccontextmanager
    async def bot(self, **settings: str) -> AsyncIterator[subprocess.Popen[str]]:
        """`mynah run`, connected."""
        port = {"MYNAH_METRICS__PORT": "0"}
        with self.mynah.serve(telegram(self.fake) | port | settings) as process:
            await self.fake.until(lambda: process.poll() is not None or self.fake.updates.polling, WAIT_SECONDS)
            assert process.poll() is None, self.mynah.log.read_text()
            yield process

    def logged(self, text: str, part: str = "bot") -> bool:
        return text in (self.mynah.data_dir / "logs" / f"{part}.log").read_text()

    def job(self) -> tuple[str, int]:
        """Its state, and how often it was started."""
        with closing(sqlite3.connect(self.mynah.data_dir / "mynah.sqlite3")) as database:
            state, attempts = database.execute("SELECT state, attempts FROM jobs ORDER BY id DESC").fetchone()
            return state, attempts


@asynccontextmanager
async def town_of(mynah: Mynah) -> AsyncIterator[Town]:
    async with FakeTelegram() as fake:
        ann = fake.add_user("ann")
        yield Town(fake, mynah, fake.private(ann), ann)
        assert fake.refusals == []


@pytest.fixture
async def town(mynah: Mynah) -> AsyncIterator[Town]:
    async with town_of(mynah) as town:
        yield town


async def holds(what: Callable[[], object], message: str) -> None:
    """As wait_for; messengers live meanwhile."""
    await asyncio.to_thread(wait_for, what, message)


async def ended(process: subprocess.Popen[str]) -> int:
    """Its exit code."""
    return await asyncio.to_thread(process.wait, WAIT_SECONDS)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=WAIT_SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


async def test_answers_under_way_are_finished_when_it_is_stopped(trained: Mynah) -> None:
    many = {"MYNAH_GENERATION__MAX_TOKENS": "1024", "MYNAH_LIMITS__ANSWERS_AT_ONCE": "8"}
    async with town_of(trained) as town, town.bot(**many) as process:
        for n in range(8):
            await town.fake.write(town.ann, town.alone, f"/say My dream is {n} --n 5")
        await town.fake.polled(WAIT_SECONDS)  # it has them all
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
        assert len([one for one in town.alone.sent if "written by a machine" in one.plain]) == 8
        log = (town.mynah.data_dir / "logs" / "bot.log").read_text()
        assert log.partition("SIGTERM: stopping")[2].count('"event": "said"') > 0


async def test_a_training_that_is_stopped_goes_on_from_a_checkpoint(town: Town) -> None:
    long = replace(town, mynah=replace(town.mynah, epochs=LONG))
    async with long.bot() as process:
        await town.fake.write(town.ann, town.alone, f"/train @{PIP}")
        await see(town.alone, "oss ")  # the first step is done
        await asyncio.sleep(WORTH)
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 0
    assert town.job() == ("queued", 0)
    assert town.mynah.data_dir.joinpath("work/job-1/checkpoint.pt").exists()
    assert not town.logged("going on from a checkpoint", "train")
    async with long.bot():
        await holds(lambda: town.logged("going on from a checkpoint", "train"), "it began again")
        await town.fake.write(town.ann, town.alone, "/cancel 1")
        await holds(lambda: town.job()[0] == "cancelled", "it is not cancelled")
        await holds(lambda: not town.mynah.data_dir.joinpath("work/job-1").exists(), "something is left of it")


async def test_a_second_signal_stops_it_at_once(trained: Mynah) -> None:
    async with town_of(trained) as town, town.bot() as process:
        held = town.fake.faults.hold("sendMessage")
        await town.fake.write(town.ann, town.alone, "/say My dream is")
        await town.fake.until(lambda: held.waiting, WAIT_SECONDS)  # an answer that is waited for
        process.send_signal(signal.SIGTERM)
        await holds(lambda: town.logged("SIGTERM: stopping"), "it doesn't hear")
        process.send_signal(signal.SIGTERM)
        assert await ended(process) == 128 + signal.SIGTERM
        held.release()
        await holds(lambda: not trained.workers("serve"), "a worker outlived its bot")


async def test_health_metrics_and_a_reload(trained: Mynah) -> None:
    port, config = free_port(), trained.data_dir.parent / "config.toml"
    config.write_text("[limits]\nupload_megabytes = 7\n")
    mynah = replace(trained, extra={"MYNAH_CONFIG": str(config)})
    assert mynah.run("health").returncode == 1
    async with town_of(mynah) as town, town.bot(MYNAH_METRICS__PORT=str(port)) as process:
        await holds(lambda: get(port, "/readyz")[0] == 200, "it is never ready")
        assert json.loads(get(port, "/readyz")[1])["parts"] == {"database": True, "serve": True, "telegram": True}
        health = mynah.run("health", "--ready")
        assert (health.returncode, health.stdout) == (0, "ready: database ok, serve ok, telegram ok\n")
        await town.fake.write(town.ann, town.alone, "/say My dream is")
        await see(town.alone, "written by a machine")
        assert 'mynah_generations_total{outcome="ok",platform="telegram"} 1.0' in get(port, "/metrics")[1]

        config.write_text("[limits]\nupload_megabytes = none\n")
        process.send_signal(signal.SIGHUP)
        await holds(lambda: town.logged("settings are not reloaded"), "it doesn't hear")
        config.write_text("[limits]\nupload_megabytes = 8\n[metrics]\nport = 1\n[generation]\nmax_tokens = 3\n")
        process.send_signal(signal.SIGHUP)
        await holds(lambda: town.logged("settings are reloaded"), "it doesn't hear")
        assert town.logged("changed: generation.max_tokens, limits.upload_megabytes")
        await town.fake.write(town.ann, town.alone, "/say My dream is")
        await holds(lambda: 'platform="telegram"} 2.0' in get(port, "/metrics")[1], "it doesn't speak")

        (before,) = trained.workers("serve")
        subprocess.run(["kill", "-9", str(before)], check=True)
        await holds(lambda: get(port, "/readyz")[0] == 503, "nobody misses the worker")
        await holds(lambda: get(port, "/readyz")[0] == 200, "it doesn't come back")
        assert before not in trained.workers("serve")
        assert get(port, "/healthz")[0] == 200
        process.send_signal(signal.SIGINT)
        assert await ended(process) == 0
