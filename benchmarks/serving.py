"""`mynah run` on the bundled base model, for benchmarks that load it through a messenger."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from benchmarks.report import hardware
from bot.render import table

T = TypeVar("T")
Row = tuple[str, ...]
Measures = Mapping[str, Callable[[T], Awaitable[list[Row]]]]

NO_LIMITS = {
    "MYNAH_LIMITS__COOLDOWN_SECONDS": "0",
    "MYNAH_LIMITS__ANSWERS_AT_ONCE": "1000",
    "MYNAH_LIMITS__GENERATIONS_A_DAY": "1000000",
}


async def train(folder: Path, handle: str) -> None:
    """As the operator does: for everybody."""
    command, quiet = (sys.executable, "-m", "bot", "train", f"@{handle}"), asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=_environment(folder), stdout=quiet)
    assert await process.wait() == 0, f"@{handle} could not be trained"


def _environment(folder: Path) -> dict[str, str]:
    return os.environ | {"MYNAH_DATA_DIR": str(folder / "data"), "HF_HUB_OFFLINE": "1"} | NO_LIMITS


@asynccontextmanager
async def serving(folder: Path, messenger: dict[str, str]) -> AsyncIterator[None]:
    """With these settings, its data and log in a folder; stopped at the end."""
    environment = _environment(folder) | messenger
    with (folder / "run.log").open("a") as log:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "run", env=environment, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def measure(doc: str | None, town: Callable[[Path], AbstractAsyncContextManager[T]], measures: Measures[T]) -> None:
    """The command line of a benchmark: each measure in a town of its own, then the table of all."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=list(measures), default=list(measures))
    wanted = parser.parse_args().only
    print(hardware())
    print(table(asyncio.run(_measured(town, {name: measures[name] for name in measures if name in wanted}))))


async def _measured(town: Callable[[Path], AbstractAsyncContextManager[T]], measures: Measures[T]) -> list[Row]:
    rows: list[Row] = []
    for one in measures.values():
        with tempfile.TemporaryDirectory() as folder:
            async with town(Path(folder)) as place:
                rows += await one(place)
    return rows
