"""The process that logs a training's runs, as its training sees it: told, never waited for, given up on."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.protocol import Tracking
from trainer.tracking.events import Event, encode

COMMAND = (sys.executable, "-P", "-m", "trainer.tracking")
PIPE_BYTES = 2**20  # hours of progress, while a back end waits for its server
ENDED = "its process has ended, or doesn't keep up"
OUTGOING = "outgoing"  # under the tracking's folder: files until they are logged


@dataclass
class Recorder:
    """A running process; with None it is over, and what it is told goes nowhere."""

    process: subprocess.Popen[bytes] | None
    outgoing: Path

    @classmethod
    def start(cls, tracking: Tracking) -> Recorder:
        """In this process's group, so that it ends with it. Raises OSError."""
        if not tracking.folder:
            raise FileNotFoundError("there is no folder for it")
        outgoing = Path(tracking.folder, OUTGOING)
        shutil.rmtree(outgoing, ignore_errors=True)  # of a training that was killed
        outgoing.mkdir(parents=True)
        process = subprocess.Popen(
            [*COMMAND, tracking.model_dump_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # the libraries' chatter; what goes wrong is on stderr
            env=environment(tracking, os.environ),
        )
        assert process.stdin is not None
        os.set_blocking(process.stdin.fileno(), False)
        with contextlib.suppress(AttributeError, OSError):  # not on every system, and some allow less
            fcntl.fcntl(process.stdin, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return cls(process, outgoing)

    def tell(self, event: Event) -> None:
        """At once, or never again: a process that is gone or doesn't keep up is given up on."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        line = encode(event)
        try:
            whole = os.write(self.process.stdin.fileno(), line) == len(line)
        except OSError:
            whole = False
        if not whole:
            self.give_up(ENDED)

    def finish(self, seconds: float) -> None:
        """Wait so long at most for what is still to be written or sent."""
        if self.process is None:
            return
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            if self.process.wait(seconds) != 0:
                self.give_up(ENDED)
        except subprocess.TimeoutExpired:
            self.give_up(f"it wasn't done within {seconds:.0f} s. `wandb sync` sends what W&B still has in its folder")
        shutil.rmtree(self.outgoing, ignore_errors=True)

    def give_up(self, why: str) -> None:
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process = None
        shutil.rmtree(self.outgoing, ignore_errors=True)
        complain(why)

    def hold(self, files: Mapping[str, Path], place: str) -> dict[str, str]:
        """Other names, in a folder `place`, of files that are soon moved or deleted: name → path. Raises OSError."""
        folder = self.outgoing / place
        folder.mkdir()
        for name, path in files.items():
            try:
                os.link(path, folder / name)
            except OSError:  # another disk, or one without links
                shutil.copyfile(path, folder / name)
        return {name: str(folder / name) for name in files}


def complain(why: str) -> None:
    sys.stderr.write(f"Tracking is off for this training, which goes on: {why}.\n")


def environment(tracking: Tracking, inherited: Mapping[str, str]) -> dict[str, str]:
    """All that the libraries keep is in the tracking's folder; offline, nothing names a place that they could send to.

    Reports of their own errors are never sent.
    """
    folder = Path(tracking.folder).absolute()
    kept = {
        "TRACKIO_DIR": str(folder / "trackio"),
        "WANDB_CACHE_DIR": str(folder / "wandb" / "cache"),
        "WANDB_DATA_DIR": str(folder / "wandb" / "data"),
        "WANDB_ERROR_REPORTING": "false",
    }
    if not tracking.offline:
        return {**inherited, **kept}
    local = {name: value for name, value in inherited.items() if not name.startswith("TRACKIO_")}
    return {**local, **kept, "HF_HUB_OFFLINE": "1", "WANDB_MODE": "offline"}
