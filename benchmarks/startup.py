"""How long people wait before they can type: `mynah --help`, and the console's prompt.

python -m benchmarks.startup [--runs 9]
"""

from __future__ import annotations

import argparse
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import HEAD, print_report, summary

PROMPT = "›".encode()
MYNAH = [sys.executable, "-m", "bot"]


def help_seconds() -> float:
    began = time.perf_counter()
    subprocess.run([*MYNAH, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def prompt_seconds(data_dir: Path) -> float:
    """From the start of the process to its prompt, on a real pseudo-terminal; the bot is then ready for commands."""
    master, slave = pty.openpty()
    began = time.perf_counter()
    process = subprocess.Popen(
        [*MYNAH, "--data-dir", str(data_dir), "console"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    while PROMPT not in seen:
        ready, _, _ = select.select([master], [], [], 60)
        if not ready:
            raise TimeoutError(f"no prompt after 60 s: {seen!r}")
        seen += os.read(master, 65536)
        if b"\x1b[6n" in seen:  # the terminal is asked where its cursor is
            os.write(master, b"\x1b[1;1R")
            seen = seen.replace(b"\x1b[6n", b"")
    took = time.perf_counter() - began
    os.write(master, b"\x04")
    process.wait(timeout=60)
    os.close(master)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    runs = parser.parse_args().runs
    helps: list[float] = []
    prompts: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            helps.append(help_seconds())
            prompts.append(prompt_seconds(Path(folder)))
    rows = [
        HEAD,
        summary("mynah --help", helps, "s", "≤ 0.4"),
        summary("console ready for commands", prompts, "s", "≤ 2"),
    ]
    print_report("Start-up", rows)


if __name__ == "__main__":
    main()
