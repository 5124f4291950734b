"""What a service does on a full disk, as a script; its argument is a small one. A line for each thing that held."""

from __future__ import annotations

import asyncio
import errno
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bot.domain import Caller, JobState, Utterance
from bot.errors import DiskFull
from bot.settings import DiskSettings
from bot.usecases.disk import make_room
from bot.usecases.say import say
from tests.doubles.service import CALLER, FakeService, fake_service

LARGE = 2 * 1024 * 1024
ELSEWHERE = Caller("discord", "1", "2", "discord:1")


def fill_up(path: Path) -> None:
    """To the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (64 * 1024, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


async def speaks(service: FakeService, caller: Caller) -> bool:
    events = [event async for event in say(service.services, caller, "pip", "My dream is")]
    return isinstance(events[-1], Utterance)


def tell(what: str) -> None:
    sys.stdout.write(f"{what}\n")


async def main(root: Path) -> None:
    async with fake_service(root) as service:
        service.jobs.training = replace(service.jobs.training, make_room=partial(make_room, service.services))
        for version in (1, 2):
            await service.add_persona("pip", version)
        (service.folders.version("pip", 1) / "weights").write_bytes(b"x" * LARGE)
        waiting = await service.add_job("bob")
        fill_up(root / "filler")
        assert shutil.disk_usage(root).free == 0
        with pytest.raises(DiskFull):
            await service.add_job("ladle")
        tell("full")
        if await speaks(service, CALLER):
            tell("speaks")
        if await speaks(service, ELSEWHERE):
            tell("speaks elsewhere")
        with pytest.raises(DiskFull, match="a training needs 512 MB"):
            await service.jobs.training.run(waiting, lambda progress: None)
        if not service.trainer.requests:
            tell("trains nothing")
        if not service.folders.version("pip", 1).exists() and shutil.disk_usage(root).free >= LARGE:
            tell("has pruned")
        settings = service.services.settings
        few = DiskSettings().model_copy(update={"keep_free_megabytes": 1})
        service.services.live.now = settings.model_copy(update={"disk": few})
        async with service.running():
            await service.notifier.wait(waiting.id)
        if (await service.job(waiting.id)).state is JobState.DONE:
            tell("trains again")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
