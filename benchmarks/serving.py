"""`mynah run` on the bundled base model, for benchmarks that load it through a messenger."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
