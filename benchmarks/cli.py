"""How long the admin CLI takes: its help, and lists of a thousand personas, whole processes in turn.

python -m benchmarks.cli [--runs 15]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.report import hardware
from bot.folders import Folders
from bot.render import table
from bot.store.sqlite import SqliteStore
from tests.builders import manifest, report_card

PERSONAS = 1_000
SAMPLE = "My dream is a lamp that nobody has to climb to. " * 40  # a record is about 4 kB then, as real ones are
COMMANDS = ("--help", "models list", "models list --json", "jobs list", "config show")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(hardware())
    with tempfile.TemporaryDirectory() as name:
        n_bytes = await fill(Folders(Path(name)))
        seconds: dict[str, list[float]] = {command: [] for command in COMMANDS}
        for _ in range(runs):
            for command in COMMANDS:
                seconds[command].append(timed(command, name))
    print(f"{PERSONAS:,} personas, {n_bytes:,} bytes each in the database; seconds of {runs} runs")
    rows = [
        (f"mynah {command}", f"{statistics.median(all_):.2f}", f"{max(all_):.2f}") for command, all_ in seconds.items()
    ]
    print(table([("command", "median", "most"), *rows]))


async def fill(folders: Folders) -> int:
    """A data folder as a thousand trainings leave it, but for the weights. Returns a record's bytes."""
    record = manifest("pip").model_copy(update={"sample": SAMPLE, "report": report_card()})
    async with SqliteStore.open(folders.database) as store:
        for number in range(PERSONAS):
            persona = f"persona_{number}"
            own = record.model_copy(update={"persona": persona})
            await store.publish(persona, 1, f"personas/{persona}/v1", 4_700_000, own)
    return len(record.model_dump_json())


def timed(command: str, folder: str) -> float:
    start = time.perf_counter()
    words = [sys.executable, "-m", "bot", "--data-dir", folder, *command.split()]
    subprocess.run(words, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    asyncio.run(main())
