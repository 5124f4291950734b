"""Log lines, their file, and workers that write them."""

from __future__ import annotations

import json
import logging
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doubles.logging import Logging, left_alone
from trainer.logfile import LogFile, backup
from trainer.loglines import for_people
from trainer.logs import bound, get_logger, json_lines, text_lines, use_level
from trainer.protocol import GenerateRequest, LoadRequest, Ready, Trace

from .helpers import worker

log = get_logger("trainer.test")
library = logging.getLogger("library")


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    with left_alone():
        yield


@pytest.fixture
def lines(tmp_path: Path) -> Logging:
    return Logging(tmp_path / "x.log")


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


# Lines


def test_ours_and_libraries_lines_have_the_same_fields(lines: Logging) -> None:
    lines.begin(json_lines({"role": "serve", "pid": 7}))
    with bound(Trace(request_id="abcd", job_id=3)):
        log.info("loaded", key="pip/v1")
        library.warning("%d things", 2)
    log.info("later")
    ours, theirs, later = lines.read()
    about = {"role": "serve", "pid": 7, "request_id": "abcd", "job_id": 3}
    assert {
        **about,
        "level": "info",
        "logger": "trainer.test",
        "event": "loaded",
        "key": "pip/v1",
    }.items() <= ours.items()
    assert {**about, "level": "warning", "logger": "library", "event": "2 things"}.items() <= theirs.items()
    assert ours["timestamp"].endswith("Z")
    assert "request_id" not in later


def test_a_trace_that_knows_nothing_adds_nothing(lines: Logging) -> None:
    lines.begin(json_lines())
    with bound(Trace()):
        log.info("x")
    assert set(lines.read()[0]) == {"timestamp", "level", "logger", "event"}


def test_tracebacks_are_text_without_what_pydantic_was_given(lines: Logging) -> None:
    lines.begin(json_lines())
    try:
        Ready.model_validate({"base_model": 5})
    except ValueError as error:
        text = str(error).replace("input_type", "input_value='a private post', input_type")
        log.error("failed", exc_info=ValueError(text))
        library.error("failed", exc_info=error)
    ours, theirs = lines.read()
    assert "ValueError" in ours["exception"]
    assert "private" not in ours["exception"]
    assert theirs["exception"].startswith("Traceback")


def test_odd_values_make_a_line_all_the_same(lines: Logging) -> None:
    lines.begin(json_lines())
    log.info("snow ☃ \n two", path=Path("/x"), lone="\ud800", samples=("a", "b"))
    (line,) = lines.read()
    assert line["event"] == "snow ☃ \n two"
    assert (line["path"], line["samples"]) == ("/x", ["a", "b"])


def test_a_level_is_of_ours_and_libraries_are_never_asked_for_more_than_info(lines: Logging) -> None:
    lines.begin(json_lines())
    use_level("debug")
    log.debug("ours")
    library.debug("a statement with somebody's text")
    library.info("theirs")
    use_level("warning")
    log.info("not any more")
    log.warning("ours, too")
    assert [line["event"] for line in lines.read()] == ["ours", "theirs", "ours, too"]


def test_text_is_for_people_and_cannot_steer_their_terminal(lines: Logging) -> None:
    lines.begin(text_lines(colour=False))
    log.warning("two\nlines \x1b[31m", name="a b", nothing=None, n=3)
    text = lines.path.read_text()
    assert "warning  trainer.test  two\n    lines \\x1b[31m  name='a b'  n=3\n" in text
    assert "\x1b" not in text


def test_colour_is_for_terminals_and_a_traceback_stands_below() -> None:
    line = {"timestamp": "2026-07-05T14:00:00.000Z", "level": "error", "event": "no", "exception": "Traceback\n  x"}
    assert for_people(line, "bot", colour=False) == "2026-07-05 14:00:00.000Z  error    bot  no\nTraceback\n  x"
    assert "\x1b[31m" in for_people(line, "bot", colour=True)


@pytest.mark.parametrize("field", ["timestamp", "level", "event", "exception", "stack", "x"])
def test_nothing_in_a_line_steers_a_terminal(field: str) -> None:
    line = {"timestamp": "2026-07-05T14:00:00.000Z", "level": "info", "event": "yes", field: "evil\x1b]0;x\x07\x9b2J"}
    shown = for_people({**line, "evil\x1b[2J": 1}, "bot", colour=False)
    assert shown.replace("\n", "").isprintable()
    assert "evil" in shown


# Their file


def emit(handler: LogFile, text: str) -> None:
    handler.handle(logging.LogRecord("x", logging.INFO, "", 0, text, (), None))


def test_a_full_file_becomes_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    handler = LogFile(path, limit=20)
    for number in range(5):
        emit(handler, f"line {number}")
    assert (backup(path).read_text(), path.read_text()) == ("line 2\nline 3\n", "line 4\n")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["x.log", "x.log.1"]
    emit(handler, "x" * 100)  # larger than any file: alone in it
    assert path.read_text() == "x" * 100 + "\n"
    handler.close()


def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.touch(0o644)
    handler = LogFile(path, limit=10)
    emit(handler, "12345678")
    emit(handler, "12345678")
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, backup(path))] == [0o600, 0o600]
    handler.close()


def test_several_processes_write_to_one_file_and_none_to_a_file_that_is_past(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    one, other = LogFile(path, limit=20), LogFile(path, limit=20)
    for number in range(5):
        emit(one, f"one {number}")
        emit(other, f"two {number}")
    assert backup(path).read_text() + path.read_text() == "one 3\ntwo 3\none 4\ntwo 4\n"
    path.unlink()
    emit(one, "again")
    assert path.read_text() == "again\n"
    one.close()
    other.close()


ROTATING = """
import logging, sys
from pathlib import Path
from trainer.logfile import LogFile

class Waiting(LogFile):
    looked = False

    def _is_here(self, own):
        found = super()._is_here(own)
        if not self.looked:
            self.looked = True
            print("looked", flush=True)
            input()
        return found

Waiting(Path(sys.argv[1]), limit=20).handle(logging.LogRecord("x", logging.INFO, "", 0, sys.argv[2], (), None))
"""


def test_two_processes_that_find_it_full_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_text("what is to be kept\n")
    both = [
        subprocess.Popen(
            [sys.executable, "-c", ROTATING, str(path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("one", "two")
    ]
    for process in both:
        assert process.stdout is not None
        assert process.stdout.readline() == "looked\n"
    for process in both:
        process.communicate("go on\n", timeout=60)
    assert (backup(path).read_text(), path.read_text()) == ("what is to be kept\n", "one\ntwo\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_suffered_in_silence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.log"
    path.symlink_to("/dev/full")
    mode = os.stat("/dev/full").st_mode
    handler = LogFile(path, limit=20)
    emit(handler, "lost")
    path.unlink()
    emit(handler, "room again")
    assert path.read_text() == "room again\n"
    assert capfd.readouterr() == ("", "")
    assert os.stat("/dev/full").st_mode == mode
    handler.close()


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotADirectoryError):
        LogFile(Path("/dev/null/x.log"), limit=20)


FILLING = """
import os, subprocess, sys, warnings
from pathlib import Path
from trainer import logs
from trainer.worker import claim_stdout

path = Path(sys.argv[1])
claim_stdout()
logs.set_up("serve", path, "info", 1)
log = logs.get_logger("trainer")
log.info("x" * 700_000)
log.info("x" * 700_000)
os.write(2, b"from C\\n")
print("from print", flush=True)
subprocess.run(["echo", "from a child"])
warnings.warn("a library's")
log.info("last")
"""


def test_stderr_and_stdout_are_the_new_file_after_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "serve.log"
    done = subprocess.run([sys.executable, "-c", FILLING, str(path)], capture_output=True, check=True)
    assert done.stdout + done.stderr == b""
    _, c, printed, child, warned, last = path.read_text().splitlines()
    assert [c, printed, child] == ["from C", "from print", "from a child"]
    assert (json.loads(warned)["logger"], json.loads(last)["event"]) == ("py.warnings", "last")
    assert len(backup(path).read_text()) > 700_000


# Workers


def start(role: str, base: Path, log: Path, *options: str) -> tuple[str, ...]:
    return ("-m", "trainer", role, "--base-model", str(base), "--threads", "1", "--log-file", str(log), *options)


@pytest.mark.parametrize("content", [False, True])
def test_a_serve_worker_tells_what_it_did_and_texts_only_if_they_are_wanted(
    base_folders: dict[str, Path], persona: Path, tmp_path: Path, content: bool
) -> None:
    path = tmp_path / "serve.log"
    with worker(*start("serve", base_folders["gpt2"], path, *["--log-content"] * content)) as running:
        assert running.read().type == "ready"
        trace = Trace(request_id="abcd1234")
        assert running.ask(LoadRequest(id=1, key="pip", folder=str(persona), trace=trace))[-1].type == "loaded"
        request = GenerateRequest(id=2, key="pip", prompt="the unheard prompt", n=2, max_tokens=8, trace=trace)
        assert running.ask(request)[-1].type == "generated"
        assert running.ask(request.model_copy(update={"id": 3, "key": "nobody"}))[-1].type == "failed"
        pid = running.process.pid
        assert running.stderr == ""
    ready, loaded, generated, failed = read(path)
    assert [line["event"] for line in (ready, loaded, generated, failed)] == [
        *("ready", "persona loaded", "generated", "failed")
    ]
    assert all((line["role"], line["pid"]) == ("serve", pid) for line in (ready, loaded, generated, failed))
    assert all(line["request_id"] == "abcd1234" for line in (loaded, generated, failed))
    assert (ready["threads"], ready["device"], "precision" in ready) == (1, "cpu", True)
    assert (loaded["key"], generated["n"], failed["code"]) == ("pip", 2, "not_loaded")
    assert 0 <= generated["queue_ms"] <= generated["first_ms"] <= generated["ms"]
    assert ("the unheard prompt" in path.read_text()) is content
    assert len(generated.get("samples", ())) == 2 * content


def test_a_worker_whose_input_is_no_request_says_so_without_repeating_it(tmp_path: Path) -> None:
    path = tmp_path / "convert.log"
    with worker(*start("convert", tmp_path, path)) as running:
        assert running.read().type == "ready"
        running.write(b'{"type": "generate", "id": 1, "key": "k", "prompt": "a private text", "n": 77}\n')
        assert running.process.wait(60) == 1
    last = read(path)[-1]
    assert "generate.n: less_than_equal" in last["exception"]
    assert "private" not in path.read_text()


def test_by_hand_a_worker_writes_text_on_stderr(tmp_path: Path) -> None:
    with worker("-m", "trainer", "convert", "--base-model", str(tmp_path)) as running:
        assert running.read().type == "ready"
        assert "info     trainer  ready" in running.stderr
