"""`mynah logs`: several files read as one, from their end, and followed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pytest

from bot.cli.logfiles import Entry, Tail, fresh, latest_first, tails
from bot.cli.logs import as_text, begin, print_logs
from bot.errors import BadInput, OperatorError
from bot.settings import Settings

START = datetime(2026, 7, 5, 14, 0, tzinfo=UTC)


def line(second: int, event: str, level: str = "info", **known: object) -> str:
    when = f"2026-07-05T14:{second // 60:02}:{second % 60:02}.000Z"
    return json.dumps({"timestamp": when, "level": level, "logger": "x", "event": event, **known})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a bot that was at work."""
    logs = tmp_path / "logs"
    logs.mkdir()
    put(logs / "bot.log.1", "2026-06-01 12:00:00,000 INFO bot.jobs: of an older version", line(1, "old"))
    put(
        logs / "bot.log",
        line(3, "job started", job_id=1),
        line(6, "said", request_id="abcd"),
        line(9, "trouble", "error"),
    )
    put(
        logs / "train.log",
        line(4, "training started", job_id=1),
        "Traceback (most recent call last):",
        "  from C, with no words of ours",
        line(7, "training ended", job_id=1),
    )
    put(logs / "serve.log", line(5, "generated", request_id="abcd", n=2), '{"half a li')
    return tmp_path


def put(path: Path, *lines: str) -> None:
    with path.open("a") as file:
        file.writelines(f"{one}\n" for one in lines)


def mynah(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "--data-dir", str(folder), "logs", *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def events(output: str) -> list[str]:
    return [json.loads(one)["event"] for one in output.splitlines()]


ALL = [
    "2026-06-01 12:00:00,000 INFO bot.jobs: of an older version",
    *("old", "job started", "training started", "generated", "said", "training ended", "trouble"),
]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ALL),
        (["-n", "2"], ALL[-2:]),
        (["--lines", "0"], []),
        (["--level", "error"], ["trouble"]),
        (["--level", "warning"], ["training started", "generated", "trouble"]),  # what has foreign lines below it, too
        (["--job", "1"], ["job started", "training started", "training ended"]),
        (["--request", "abcd"], ["generated", "said"]),
        (["--part", "train"], ["training started", "training ended"]),
        (["--part", "convert"], []),
        (["--since", "2026-07-05T14:00:06"], ["said", "training ended", "trouble"]),
        (["--since", "2026-07-05T16:00:07+02:00"], ["training ended", "trouble"]),
        (["--since", "1s"], []),
        (["--job", "1", "--part", "bot", "-n", "1"], ["job started"]),
    ],
)
def test_what_is_wanted_in_the_order_of_its_time(
    folder: Path, arguments: Sequence[str], expected: Sequence[str]
) -> None:
    done = mynah(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    assert events(done.stdout) == list(expected)
    assert done.stderr == ("" if expected else "Nothing like that is in the logs.\n")


def test_lines_that_are_none_go_with_the_one_before(folder: Path) -> None:
    done = mynah(folder, "--json", "--part", "train")
    one = json.loads(done.stdout.splitlines()[0])
    assert one["part"] == "train"
    assert one["below"] == ["Traceback (most recent call last):", "  from C, with no words of ours"]


def test_for_people(folder: Path) -> None:
    shown = mynah(folder, COLUMNS="80").stdout
    assert '2026-07-05 14:00:05.000Z  info     serve    generated  request_id=abcd  n=2\n    {"half a li\n' in shown
    assert "\x1b" not in shown
    entry = Entry("serve", json.loads(line(1, "evil \x1b[2J", "warning")), ["\x1b]0;title\x07"])
    assert as_text(entry, colour=True).count("\x1b") == 6  # ours: three pairs
    assert "\\x1b[2J" in as_text(entry, colour=True)


def test_a_terminal_that_knows_few_characters(folder: Path) -> None:
    put(folder / "logs" / "bot.log", line(30, "été"))
    done = mynah(folder, "-n", "1", PYTHONIOENCODING="ascii:strict")
    assert (done.returncode, "?t?" in done.stdout) == (0, True)


def test_where_there_are_no_logs_yet(tmp_path: Path) -> None:
    done = mynah(tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"Nothing is logged yet in {tmp_path / 'nothing' / 'logs'}.\n"
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("wrong", [["--since", "yesterday"], ["--part", "x"], ["--level", "loud"], ["--lines", "many"]])
def test_what_is_wrong_is_said(tmp_path: Path, wrong: list[str]) -> None:
    done = mynah(tmp_path, *wrong)
    assert done.returncode in {1, 2}
    assert wrong[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_times(tmp_path: Path) -> None:
    assert begin("10m", START) == "2026-07-05T13:50:00"
    assert begin(" 3 d ", START) == "2026-07-02T14:00:00"
    assert begin("2026-07-05", START) == "2026-07-05T00:00:00"
    for wrong in ("", "m", "10 parsecs", "-5m", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00"):
        with pytest.raises(BadInput, match="Give one like 10m"):
            begin(wrong, START)


def test_other_commands_show_a_jobs_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    print_logs(Settings(data_dir=folder), job=1, lines=2)
    shown = capsys.readouterr().out
    assert [word for word in ("job started", "training started", "training ended") if word in shown] == [
        *("training started", "training ended")
    ]


def test_no_more_is_read_than_is_asked_for(tmp_path: Path) -> None:
    put(tmp_path / "bot.log", "x" * 1000, *(line(1, str(number)) for number in range(1000)))
    with tails(tmp_path, ["bot"]) as ends, latest_first(ends) as entries:
        assert [next(entries).line["event"] for _ in range(3)] == ["999", "998", "997"]


# Following


def told(ends: Sequence[Tail]) -> list[str]:
    return [entry.line["event"] for entry in fresh(ends)]


def test_what_comes_is_read_once_also_when_the_file_has_changed_its_name(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    put(path, line(1, "before"))
    with tails(tmp_path, ["bot", "serve"]) as ends:
        assert told(ends) == []
        put(path, line(3, "two"))
        put(tmp_path / "serve.log", line(2, "one"))
        assert told(ends) == ["one", "two"]
        put(path, line(4, "three"))
        path.rename(tmp_path / "bot.log.1")
        assert told(ends) == ["three"]
        put(path, line(5, "four"))
        assert told(ends) == ["four"]
        path.unlink()
        assert told(ends) == []
        put(path, line(6, "five"))
        assert told(ends) == ["five"]


def test_what_comes_just_before_the_file_changes_its_name_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, moved = tmp_path / "bot.log", Tail._moved

    def full(self: Tail) -> bool:
        put(path, line(1, "in the last moment"))
        path.rename(tmp_path / "bot.log.1")
        put(path, line(2, "in the new one"))
        return moved(self)

    put(path)
    with tails(tmp_path, ["bot"]) as ends:
        monkeypatch.setattr(Tail, "_moved", full)
        assert told(ends) == ["in the last moment", "in the new one"]


def test_half_a_line_is_waited_for_and_foreign_lines_are_about_the_same(tmp_path: Path) -> None:
    path = tmp_path / "train.log"
    put(path)
    with tails(tmp_path, ["train"]) as ends:
        with path.open("a") as file:
            whole = line(1, "whole", job_id=7)
            file.write(whole[:20])
            file.flush()
            assert told(ends) == []
            file.write(f"{whole[20:]}\n")
        assert told(ends) == ["whole"]
        put(path, "a library in C")
        (entry,) = fresh(ends)
        assert (entry.line["event"], entry.line["job_id"]) == ("a library in C", 7)


def test_a_file_that_was_moved_just_then_is_not_shown_twice(tmp_path: Path) -> None:
    path = tmp_path / "bot.log"
    put(path, line(1, "once"))
    with tails(tmp_path, ["bot"]) as ends:
        path.rename(tmp_path / "bot.log.1")
        with latest_first(ends) as entries:
            assert [entry.line["event"] for entry in entries] == ["once"]


def test_following_ends_with_an_interrupt(folder: Path) -> None:
    command = [sys.executable, "-m", "bot", "--data-dir", str(folder), "logs", "-n", "1", "--follow", "--job", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "training ended" in process.stdout.readline()
        put(folder / "logs" / "bot.log", line(20, "another's", job_id=2), line(21, "its end", job_id=1))
        assert "its end" in process.stdout.readline()
        process.send_signal(2)
        assert process.wait(30) == 0
        assert process.stdout.read() == ""


def test_a_log_that_cannot_be_read_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, opened = folder / "logs" / "serve.log", Path.open

    def refuse(path: Path, mode: str) -> IO[Any]:  # the tests may be run by one who may all
        if path == log:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, mode)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(OperatorError, match=rf"{log} can't be read \(Permission denied\)"):
        print_logs(Settings(data_dir=folder))
    print_logs(Settings(data_dir=folder), part="bot")
