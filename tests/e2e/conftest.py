"""The whole program, through its real processes, on a tiny base model."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bases import save_tiny_base

WAIT_SECONDS = 120.0  # generous: nothing here measures speed


@dataclass(frozen=True)
class Mynah:
    """`mynah` on one data folder."""

    data_dir: Path
    base: str
    epochs: int = 1
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "MYNAH_DATA_DIR": str(self.data_dir),
            "MYNAH_BASE_MODEL": self.base,
            "MYNAH_TRAINING__EPOCHS": str(self.epochs),
            "MYNAH_TRAINING__MIN_CHARACTERS": "300",
            "MYNAH_TRAINING__THREADS": "1",
            "MYNAH_GENERATION__THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            **self.extra,
        }

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "bot"]

    def run(self, *arguments: str, lines: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            input=lines,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_SECONDS,
            check=False,
        )

    def chat(self, *lines: str) -> subprocess.CompletedProcess[str]:
        """The console with these lines from a pipe."""
        return self.run("console", lines="".join(f"{line}\n" for line in lines))

    def start(self, *lines: str) -> subprocess.Popen[str]:
        """The console, its input still open after these lines."""
        process = subprocess.Popen(
            [*self.command, "console"],
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write("".join(f"{line}\n" for line in lines))
        process.stdin.flush()
        return process

    @contextmanager
    def serve(self, messengers: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
        """`mynah run` with these settings; killed at the end if it is still there. Its log is in run.log."""
        with self.log.open("a") as file:
            process = subprocess.Popen(
                [*self.command, "run"],
                env=self.environment | {"MYNAH_LIMITS__COOLDOWN_SECONDS": "0"} | messengers,
                stdout=file,
                stderr=file,
                text=True,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @property
    def log(self) -> Path:
        return self.data_dir.parent / "run.log"

    def workers(self, role: str) -> list[int]:
        """Process ids of this data folder's workers, told by their base model and their log."""
        log = str(self.data_dir / "logs" / f"{role}.log")
        return [pid for pid in _pids() if _stderr_of(pid) == log]


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _stderr_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/fd/2")
    except OSError:
        return ""


def wait_for(what: Callable[[], object], message: str) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not what():
        assert time.monotonic() < end, message
        time.sleep(0.05)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What the process prints, up to and including the line with `text`."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"{text!r} never came:\n{seen}")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_tiny_base(tmp_path_factory.mktemp("bases") / "tiny", context=128))


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory, tiny_base: str) -> Path:
    """A data folder in which the sample account was trained once, for tests to copy."""
    folder = tmp_path_factory.mktemp("trained") / "data"
    assert Mynah(folder, tiny_base).chat("/train @pip_the_lighthouse").returncode == 0
    return folder


@pytest.fixture
def trained(mynah: Mynah, trained_folder: Path) -> Mynah:
    shutil.copytree(trained_folder, mynah.data_dir)
    return mynah


@pytest.fixture
def mynah(tmp_path: Path, tiny_base: str) -> Iterator[Mynah]:
    service = Mynah(tmp_path / "data", tiny_base)
    yield service
    for role in ("train", "serve", "convert"):
        for pid in service.workers(role):
            os.kill(pid, signal.SIGKILL)
