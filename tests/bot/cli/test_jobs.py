from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest

from bot.cli.job_text import COLUMNS, PERSONA, brief, details, facts, row, standing
from bot.cli.jobs import State, _alone, _job, _jobs, _retry
from bot.cli.output import show_table
from bot.cli.watch import Watch, run_watching, watch_job
from bot.control.server import listening
from bot.domain import AccountSource, Caller, Job, JobState
from bot.errors import AlreadyTraining, NotFound, OperatorError
from tests.bot.cli.test_cli import mynah
from tests.doubles.processes import eventually
from tests.doubles.service import FakeService
from trainer.protocol import Progress

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FAILED = Job(
    id=3,
    persona="pip",
    accounts=(AccountSource("pip", "file:/posts.csv", 2.0, "text", "en"),),
    state=JobState.FAILED,
    caller=Caller("discord", "123", "456", "discord:789", "de"),
    attempts=2,
    created_at=NOW - timedelta(hours=2),
    error="The cable is out. Plug it in.",
    fresh=True,
    started_at=NOW - timedelta(hours=1),
    finished_at=NOW - timedelta(minutes=50),
)
QUEUED = Job(4, "pip", (), JobState.QUEUED, Caller("console", "console", "shell"), 0, NOW)
FAR = Progress(stage="train", done=45, total=100, seconds_left=32.0)


@pytest.fixture
async def bot(service: FakeService) -> AsyncIterator[FakeService]:
    """One that runs."""
    async with listening(service.services, service.folders.control), service.running():
        yield service


def test_states_are_those_that_jobs_have() -> None:
    assert set(get_args(State)) == set(JobState)


def test_a_row() -> None:
    assert row(FAILED, NOW, None) == ("3", "@pip", "failed", "discord", "2 h ago", "10 min 0 s")
    assert row(QUEUED, NOW, None) == ("4", "@pip", "queued", "console", "just now", "–")
    assert row(QUEUED, NOW, FAR)[-1] == "train 45%, 0:32 left"
    assert brief(Progress(stage="clean")) == "clean"


def test_the_table_fits_eighty_columns(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = replace(
        FAILED, id=123456, persona="a_very_long_name" * 9, caller=replace(FAILED.caller, platform="telegram")
    )
    far = FAR.model_copy(update={"seconds_left": 36_000.0, "done": 100})
    show_table(COLUMNS, [row(one, NOW + timedelta(days=200), far) for one in (long, QUEUED)], PERSONA)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "10:00:00 left" in lines[2]


def test_everything_about_one() -> None:
    text = details(FAILED, None, None)
    for part in (
        "Job 3 · @pip · failed",
        "@pip from file:/posts.csv, only “text”, weight 2, in en",
        "by discord:123 in discord:789, channel 456, in de",
        "after 1 h 0 min",
        "after 10 min 0 s",
        "2, starting over",
    ):
        assert part in text
    assert text.endswith("\n  The cable is out. Plug it in.\n  To try it again: mynah jobs retry 3")
    assert f"{NOW - timedelta(hours=2):%Y}" in text
    assert FAILED.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z") in text
    assert "version 7" in details(QUEUED, FAR, 7)
    assert "train 45%" in details(QUEUED, FAR, 7)
    assert "by you, on the shell" in details(QUEUED, None, None)
    assert "by whom was forgotten" in details(replace(FAILED, caller=Caller("discord", "", "")), None, None)


def test_what_people_have_typed_commands_no_terminal() -> None:
    escape = "a\x1b[2J\x9bb\n"
    account = AccountSource(escape, f"file:/{escape}", part=escape, language=escape)
    caller = Caller(escape, escape, escape, escape, escape)
    job = replace(FAILED, accounts=(account,), caller=caller, error=escape)
    for text in (details(job, FAR, 7), standing(job, NOW)):
        assert all(line.isprintable() for line in text.split("\n"))
        assert "a [2J b" in text


def test_for_programs() -> None:
    known = facts(FAILED, FAR, 2)
    assert (known["waited_seconds"], known["ran_seconds"], known["version"]) == (3600.0, 600.0, 2)
    assert facts(QUEUED)["ran_seconds"] is None


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("queued", "was queued 2 h ago; it starts with `mynah run`"),
        ("running", "was interrupted; it goes on"),
        ("done", "is done: it ended 50 min ago"),
        ("failed", "failed 50 min ago: The cable is out. Plug it in."),
        ("cancelled", "was cancelled 50 min ago."),
    ],
)
def test_where_one_stands(state: str, sentence: str) -> None:
    finished = None if state in {"queued", "running"} else FAILED.finished_at
    job = replace(FAILED, state=JobState(state), finished_at=finished)
    assert standing(job, NOW).startswith("Job 3 (@pip) ")
    assert sentence in standing(job, NOW)


async def test_which_are_listed(service: FakeService) -> None:
    for name in ("pip", "bob", "ladle"):
        await service.add_job(name)
    await service.services.jobs.cancel(1)
    settings = service.services.settings

    async def listed(limit: int | None, state: State | None = None) -> list[int]:
        return [job.id for job in (await _jobs(settings, limit, state))[0]]

    assert await listed(2) == [3, 2]
    assert await listed(None) == [3, 2, 1]
    assert await listed(1, "cancelled") == [1]
    assert await listed(1, "queued") == [3]
    assert await listed(None, "done") == []


async def test_the_bot_that_runs_knows_how_far(bot: FakeService) -> None:
    bot.trainer.gate.clear()
    await bot.add_job()
    await bot.add_job("bob")
    await eventually(lambda: bot.jobs.progress is not None and bot.jobs.progress[1].stage == "train")
    _, far = await _jobs(bot.services.settings, 20, None)
    assert far == bot.jobs.progress
    assert (await _job(bot.services.settings, 1))[1] == bot.jobs.progress[1]  # type: ignore[index]
    assert (await _job(bot.services.settings, 2))[1] is None
    bot.trainer.gate.set()
    await bot.notifier.wait(1)
    job, far_one, version = await _job(bot.services.settings, 1)
    assert (job.state, far_one, version) == ("done", None, 1)


async def test_watching_shows_what_the_console_shows(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    bot.trainer.gate.clear()
    await bot.add_job()
    await eventually(lambda: bot.jobs.progress is not None and bot.jobs.progress[1].stage == "train")
    watch = Watch()
    watching = asyncio.create_task(watch_job(bot.services.settings, None, watch))
    await eventually(lambda: watch.job_id == 1)
    bot.trainer.gate.set()
    assert await watching == 0
    shown = capsys.readouterr().out
    assert shown.startswith("@pip is being trained (job 1). `mynah jobs cancel 1` stops it.\n@pip  train\n")
    assert "@pip is ready (version 1" in shown
    assert "Report card of @pip" in shown


async def test_a_failed_training_is_a_failed_watch(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    bot.trainer.gate.clear()
    bot.trainer.error = OperatorError("The worker is gone.")
    await bot.add_job()
    watch = Watch()
    watching = asyncio.create_task(watch_job(bot.services.settings, 1, watch))
    await eventually(lambda: watch.job_id == 1)
    bot.trainer.gate.set()
    assert await watching == 1
    assert "@pip was not trained (job 1): The worker is gone." in capsys.readouterr().out
    assert await watch_job(bot.services.settings, 1, Watch()) == 1
    assert capsys.readouterr().out == "Job 1 (@pip) failed just now: The worker is gone.\n"


async def test_without_a_bot_there_is_only_how_it_stands(
    service: FakeService, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = service.services.settings
    nothing = f"Nothing is at work in {settings.data_dir}.\n"
    assert await watch_job(settings, None, Watch()) == 0
    assert capsys.readouterr().out == nothing
    await service.add_job()
    assert await watch_job(settings, None, Watch()) == 1
    assert capsys.readouterr().out.startswith(f"{nothing}Job 1 (@pip) was queued just now")
    with pytest.raises(NotFound):
        await watch_job(settings, 7, Watch())


async def test_where_the_bot_was_killed_nothing_runs(service: FakeService) -> None:
    settings = service.services.settings
    await service.add_job()
    await service.store.claim_job()
    job, _, _ = await _job(settings, 1)
    assert await _alone(settings, [job])
    assert row(job, NOW, None, alone=True)[2] == "interrupted"
    shown = details(job, None, None, alone=True)
    assert shown.startswith("Job 1 · @pip · interrupted\n")
    assert shown.endswith("It goes on with `mynah run` or `mynah console`.")
    assert facts(job, alone=True)["interrupted"] is True
    with pytest.raises(AlreadyTraining, match="was interrupted; it goes on with `mynah run`"):
        await _retry(settings, 1, None)
    async with listening(service.services, service.folders.control):
        assert not await _alone(settings, [job])
        with pytest.raises(AlreadyTraining, match="is running still"):
            await _retry(settings, 1, None)


async def test_retrying_says_how_to_watch_it(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    bot.trainer.error = OperatorError("The worker is gone.")
    await bot.add_job()
    await bot.notifier.wait(1)
    assert await _retry(bot.services.settings, 1, None) == 0
    assert capsys.readouterr().err.endswith("To watch it: mynah jobs watch 2\n")


async def test_retrying_and_watching_it(bot: FakeService, capsys: pytest.CaptureFixture[str]) -> None:
    bot.trainer.error = OperatorError("The worker is gone.")
    await bot.add_job()
    await bot.notifier.wait(1)
    bot.trainer.error = None
    assert await _retry(bot.services.settings, 1, Watch()) == 0
    assert "@pip is queued again, as job 2.\n" in capsys.readouterr().out
    assert (await bot.job(2)).state is JobState.DONE


def test_ctrl_c_ends_the_watching_and_says_that_the_training_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    async def interrupted(watch: Watch) -> int:
        watch.job_id = 3
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(60)
        raise AssertionError

    assert run_watching(interrupted) == 130
    assert capsys.readouterr().err == "The training goes on. To watch it again: mynah jobs watch 3\n"


def test_before_a_job_is_watched_ctrl_c_is_what_it_always_is() -> None:
    async def interrupted(watch: Watch) -> int:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(60)
        raise AssertionError

    with pytest.raises(KeyboardInterrupt):
        run_watching(interrupted)


def test_the_commands_where_no_bot_runs(tmp_path: Path) -> None:
    number = mynah(tmp_path, "train", "@pip_the_lighthouse", "--detach")
    assert (number.returncode, number.stdout) == (0, "1\n")
    assert "No bot runs on this folder" in number.stderr
    assert "@pip_the_lighthouse  queued" in mynah(tmp_path, "jobs").stdout
    assert mynah(tmp_path, "jobs", "cancel", "1").stdout == "Job 1 (@pip_the_lighthouse) is cancelled.\n"
    again = mynah(tmp_path, "jobs", "retry", "1")
    assert (again.returncode, again.stdout) == (0, "@pip_the_lighthouse is queued again, as job 2.\n")
    (first,) = json.loads(mynah(tmp_path, "jobs", "--state", "cancelled", "--json").stdout)
    shown = json.loads(mynah(tmp_path, "jobs", "show", "1", "--json").stdout)
    assert shown == first
    assert (shown["id"], shown["caller"]["channel"], shown["error"]) == (1, "shell", "It was cancelled.")
    missing = mynah(tmp_path, "jobs", "logs", "7")
    assert (missing.returncode, missing.stdout, missing.stderr.count("\n")) == (1, "", 1)
