"""`mynah train` beside a bot that runs. What it does alone is in test_cli and tests/e2e."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.arguments import TrainArguments
from bot.cli import train
from bot.cli.console import _see_others_through
from bot.cli.watch import Watch
from bot.control.server import listening
from bot.domain import JobState, Voice
from bot.errors import BadInput
from bot.platforms.console.console import ConsoleNotifier
from bot.platforms.console.screen import PlainScreen
from bot.usecases.train import OPERATOR
from tests.bot.cli.test_cli import mynah
from tests.doubles.service import FakeService

PIP = TrainArguments((Voice("pip"),))


@pytest.fixture
async def bot(service: FakeService) -> AsyncIterator[FakeService]:
    """One that runs, but begins no job by itself."""
    async with listening(service.services, service.folders.control):
        yield service


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """What is typed."""
    out, into = os.pipe()
    monkeypatch.setattr("bot.platforms.console.pipe.PipeLines.__init__.__defaults__", (out,))
    with os.fdopen(into, "wb", buffering=0) as file:
        yield file
    os.close(out)


async def test_the_bot_trains_it_and_it_is_watched(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    async with bot.running():
        assert await train._train(bot.services.settings, PIP, Watch()) == 0
    assert (await bot.job(1)).caller == OPERATOR
    assert len(bot.trainer.requests) == 1
    assert "@pip" in capsys.readouterr().out


async def test_a_training_that_comes_to_nothing_is_exit_code_1(bot: FakeService) -> None:
    bot.sources.posts["pip"] = bot.sources.posts["pip"][:1]
    async with bot.running():
        assert await train._train(bot.services.settings, PIP, Watch()) == 1
    assert (await bot.job(1)).state is JobState.FAILED


async def test_one_that_is_under_way_already_is_watched(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    await bot.add_job()
    async with bot.running():
        assert await train._train(bot.services.settings, PIP, Watch()) == 0
    assert "@pip is already" in capsys.readouterr().err
    assert [job.id for job in await bot.store.jobs()] == [1]


async def test_detached_it_prints_the_number(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    await train._detached(bot.services.settings, PIP)
    await train._detached(bot.services.settings, PIP)
    told = capsys.readouterr()
    assert told.out == "1\n1\n"
    assert told.err == "@pip is already in the queue (job 1). Watch it with /jobs.\n"
    assert (await bot.job(1)).state is JobState.QUEUED


async def test_the_bot_gets_whole_paths(
    bot: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    await train._detached(bot.services.settings, TrainArguments((Voice("pip"),), (Path("posts.txt"),)))
    assert (await bot.job(1)).accounts[0].reference == f"file:{tmp_path}/posts.txt"


@pytest.mark.parametrize("name", ["posts\udcff.txt", "~nobody_of_that_name/posts.txt"])
def test_a_path_that_none_can_be(name: str) -> None:
    with pytest.raises(BadInput, match="can't be the name of a file"):
        train._absolute(Path(name))


async def test_what_costs_money_is_asked(
    bot: FakeService, answer: io.FileIO, capsys: pytest.CaptureFixture[str]
) -> None:
    bot.sources.cost, bot.sources.left = 16_000_000, 20_000_000
    answer.write(b"no\nyes\n")
    with pytest.raises(BadInput, match=r"nothing spent. To say yes beforehand: mynah train @pip --spend 16$"):
        await train._submit(bot.services.settings, PIP)
    assert "costs about $16.00" in capsys.readouterr().err


async def test_a_yes_is_a_yes(bot: FakeService, answer: io.FileIO) -> None:
    bot.sources.cost, bot.sources.left = 16_000_000, 20_000_000
    answer.write(b"Yes\n")
    assert await train._submit(bot.services.settings, PIP) == 1
    assert (await bot.job(1)).accounts[0].cap == 16_000_000


def test_a_dry_run_is_not_detached(tmp_path: Path) -> None:
    done = mynah(tmp_path, "train", "@pip_the_lighthouse", "--dry-run", "--detach")
    assert (done.returncode, done.stdout) == (2, "")
    assert "trains nothing" in done.stderr


async def test_what_others_hand_to_a_training_is_seen_through(bot: FakeService) -> None:
    out = io.StringIO()
    notifier = ConsoleNotifier(0, PlainScreen(out))
    bot.services.watchers.notifier = notifier
    await train._detached(bot.services.settings, PIP)
    await bot.add_job("bob")
    async with bot.running():
        await _see_others_through(bot.services, PlainScreen(out), notifier)
    assert [(await bot.job(number)).state for number in (1, 2)] == [JobState.DONE] * 2
    assert "Meanwhile @bob was asked for (job 2); it is trained here, too." in out.getvalue()
    assert "Report card of @bob" in out.getvalue()


async def test_ctrl_c_says_what_becomes_of_the_training(service: FakeService) -> None:
    settings = service.services.settings
    await service.add_job("bob")
    assert await train._stopped(settings, PIP) == "Stopped. Nothing was queued."
    await service.add_job()
    kept = "Stopped. The training is kept (job 2): mynah run, mynah console or mynah train @pip goes on with it."
    assert await train._stopped(settings, PIP) == kept
    async with listening(service.services, service.folders.control):
        assert (await train._stopped(settings, PIP)).startswith("The training goes on.")
