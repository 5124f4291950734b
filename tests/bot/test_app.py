from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import open_services, run_jobs
from bot.errors import DataDirInUse
from bot.platforms.console.console import ConsoleNotifier
from bot.settings import Settings


@pytest.mark.parametrize("module", ["bot.app", "bot.cli.console", "bot.cli.main"])
def test_the_bot_loads_no_torch(module: str) -> None:
    program = f"import sys, {module}; print(sorted({{'torch', 'transformers', 'peft', 'numpy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data")


async def test_a_fresh_folder_opens_and_is_empty(tmp_path: Path) -> None:
    async with open_services(settings(tmp_path), ConsoleNotifier(0)) as services, run_jobs(services) as recovered:
        assert recovered == []
        assert await services.store.personas() == []


async def test_one_process_runs_the_jobs_of_a_folder_others_may_look(tmp_path: Path) -> None:
    async with open_services(settings(tmp_path), ConsoleNotifier(0)) as first, run_jobs(first):
        program = f"""
import asyncio
from pathlib import Path
from bot.app import open_services, run_jobs
from bot.errors import DataDirInUse
from bot.platforms.console.console import ConsoleNotifier
from bot.settings import Settings

async def main():
    async with open_services(Settings(data_dir=Path({str(tmp_path / "data")!r})), ConsoleNotifier(0)) as services:
        print(await services.store.personas())
        try:
            async with run_jobs(services):
                print("ran")
        except DataDirInUse as error:
            print(error)

asyncio.run(main())
"""
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[]\nAnother mynah is already running on ")


async def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    async with open_services(settings(tmp_path), ConsoleNotifier(0)) as services:
        for _ in range(2):
            with services.folders.owned():
                pass
            async with run_jobs(services):
                with pytest.raises(DataDirInUse), services.folders.owned():
                    pass
