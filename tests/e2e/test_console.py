"""The console as a person has it: on a terminal; with Ctrl-C; on a disk that is full."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from tests.doubles.terminal import CTRL_C, CTRL_D, ENTER, TAB, Terminal
from tests.e2e.conftest import WAIT_SECONDS, Mynah, read_until, wait_for

PROMPT = "\n›"
BAR = re.compile(r"^@\w+  train .*%.*$", re.MULTILINE)
MEGABYTE = 1 << 20


@pytest.fixture
def terminal(mynah: Mynah) -> Iterator[Terminal]:
    """An interactive console; trainings in it take some seconds."""
    terminal = Terminal([*mynah.command, "console"], replace(mynah, epochs=3).environment)
    yield terminal
    terminal.close()


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """A process that is not there any more afterwards, whatever happens to the test."""
    with process:
        try:
            yield process
        finally:
            process.kill()


def is_at_prompt(text: str) -> bool:
    return text.endswith(PROMPT)


def test_a_person_at_a_terminal(mynah: Mynah, terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    assert f"everything stays in {mynah.data_dir}" in terminal.text

    terminal.type(f"/tr{TAB}")
    terminal.wait_for("› /train")
    terminal.type(f"@pip{TAB}")
    terminal.wait_for("› /train @pip_the_lighthouse")
    terminal.type(ENTER)
    terminal.wait_for("Training @pip_the_lighthouse (job 1). /cancel 1 stops it.")

    seen: set[str] = set()

    def watch(text: str) -> bool:
        """There is never more than one progress line, and it stands right above the prompt."""
        bars = BAR.findall(text)
        assert len(bars) <= 1
        seen.update(bars)
        return "@pip_the_lighthouse is ready (version 1" in text

    terminal.wait_for(watch)
    assert len(seen) >= 3
    terminal.wait_for(is_at_prompt)
    assert not BAR.search(terminal.text)

    terminal.type(f"My dream is{ENTER}")
    terminal.wait_for(lambda text: text.count("written by a machine\n  My dream is") == 2)

    terminal.type(f"half a line{CTRL_C}")
    terminal.wait_for("Ctrl-D or /quit leaves")
    terminal.wait_for(is_at_prompt)
    terminal.type(f"/personas{ENTER}")
    terminal.wait_for("▸ @pip_the_lighthouse  v1")

    terminal.wait_for(is_at_prompt)
    terminal.type(f"/forget @pip{TAB}")
    terminal.wait_for("› /forget @pip_the_lighthouse")
    terminal.type(ENTER)
    terminal.wait_for("Type yes to go on.")
    terminal.type(f"yes{ENTER}")
    terminal.wait_for("@pip_the_lighthouse is forgotten")
    terminal.wait_for(is_at_prompt)
    terminal.type(CTRL_D)
    assert terminal.wait_for_end() == 0
    assert not mynah.workers("serve")
    assert not mynah.workers("train")


def test_leaving_in_the_middle_of_a_training(mynah: Mynah, terminal: Terminal) -> None:
    terminal.wait_for(PROMPT)
    terminal.type(f"/train @ladle_in_orbit{ENTER}")
    terminal.wait_for(lambda text: bool(BAR.search(text)))
    terminal.type(f"/jobs{ENTER}")
    terminal.wait_for(lambda text: bool(re.search(r"1 +@ladle_in_orbit +running", text)))
    terminal.type(f"half a line{CTRL_C}")
    terminal.wait_for("Ctrl-D or /quit leaves")
    terminal.wait_for(is_at_prompt)
    assert len(BAR.findall(terminal.text)) == 1  # commands leave no copies of it behind
    terminal.type(CTRL_D)
    assert terminal.wait_for_end() == 0
    assert "The training stops here; it goes on when you open mynah next time." in terminal.text
    assert not mynah.workers("train")

    with ended(mynah.start()) as again:
        read_until(again, "@ladle_in_orbit is ready (version 1")
        again.communicate("/quit\n")
        assert again.returncode == 0


def test_a_single_training_on_a_terminal(mynah: Mynah) -> None:
    command = [*mynah.command, "train", "@pip_the_lighthouse"]
    terminal = Terminal(command, replace(mynah, epochs=3).environment)
    terminal.wait_for(lambda text: bool(BAR.search(text)))
    assert terminal.wait_for_end() == 0
    assert not BAR.search(terminal.text)
    assert "is ready (version 1" in terminal.text
    terminal.close()


def test_ctrl_c_while_the_pipe_is_open_and_silent(mynah: Mynah) -> None:
    with ended(mynah.start("/jobs")) as process:
        read_until(process, "No trainings yet.")
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(WAIT_SECONDS) == 130  # its input is still open
    wait_for(lambda: not mynah.workers("serve"), "the serve worker outlived its bot")


def test_text_that_is_no_text(mynah: Mynah) -> None:
    process = subprocess.run(
        [*mynah.command, "console"],
        input=b"\xff\xfe\n/jobs\r\n",
        env=mynah.environment,
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    assert process.stdout.decode().splitlines()[-1] == "No trainings yet."
    assert process.stderr == b""


# Disks


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with 90 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=90m", "none", place], check=False).returncode:
        pytest.skip("mounting needs root")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, leave: int = 0) -> Path:
    """A file that takes all room but `leave` bytes."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(64 * 1024))
    with path.open("r+b") as file:
        file.truncate(max(0, path.stat().st_size - leave))
    return path


@pytest.fixture
def cramped(mynah: Mynah, small_disk: Path) -> Mynah:
    return replace(mynah, data_dir=small_disk / "data", extra={"MYNAH_DISK__KEEP_FREE_MEGABYTES": "64"})


def test_a_nearly_full_disk_refuses_trainings_and_does_all_else(cramped: Mynah, small_disk: Path) -> None:
    assert cramped.chat("/train @pip_the_lighthouse").returncode == 0
    fill(small_disk, leave=5 * MEGABYTE)
    chat = cramped.chat("/train @ladle_in_orbit", "/say My dream is", "/personas")
    assert chat.returncode == 1
    assert re.search(r"The disk is nearly full: [45] MB are free .* Free some space", chat.stdout)
    assert "\n  My dream is" in chat.stdout
    assert "@pip_the_lighthouse  v1" in chat.stdout


def test_a_disk_that_fills_up_in_the_middle_of_a_training(cramped: Mynah, small_disk: Path) -> None:
    with ended(replace(cramped, epochs=3).start("/train @pip_the_lighthouse")) as process:
        read_until(process, "@pip_the_lighthouse  train")
        filler = fill(small_disk)
        told = read_until(process, "was not trained (job 1)")
        assert "The disk is full. Free some space" in told
        filler.unlink()
        out, _ = process.communicate("/train @pip_the_lighthouse\n/quit\n")
        assert "@pip_the_lighthouse is ready (version 1" in out
        assert process.returncode == 1


def test_a_disk_that_is_full_from_the_start(cramped: Mynah, small_disk: Path) -> None:
    fill(small_disk)
    chat = cramped.chat("/personas")
    assert chat.returncode == 1
    assert "disk is full" in chat.stderr
    assert "Traceback" not in chat.stderr
