"""Files that people send: looked at before they are fetched, kept until the job that reads them has ended."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.arguments import TrainArguments
from bot.domain import Caller, Job
from bot.errors import BadInput
from bot.sources.formats.reading import FORMATS
from bot.texts import Text
from bot.usecases.services import Services
from bot.usecases.train import submit

SUFFIXES = frozenset({".csv", ".js", ".json", ".jsonl", ".ndjson", ".tsv", ".txt", ".zip"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def check(file: str, size: int, megabytes: int) -> None:
    """Raises BadInput when it is too large (`size` is in bytes), empty, or can't be posts."""
    if Path(file).suffix.lower() not in SUFFIXES:
        raise BadInput(Text("{file} can't be posts. I can read {formats}.", file=file, formats=FORMATS))
    if size > megabytes * 1_000_000:
        raise BadInput(
            Text(
                "{file} has {size:.0f} MB; I take {limit} MB. Of an X archive, data/tweets.js is enough.",
                file=file,
                size=size / 1e6,
                limit=megabytes,
            )
        )
    if not size:
        raise BadInput(Text("{file} is empty. Send a file with posts in it.", file=file))


async def fetch_into(uploads: Path, file: str, fetch: Callable[[Path], Awaitable[None]]) -> Path:
    """`fetch` writes the file to the path that it is given, in a folder of its own. Nothing stays when it raises."""
    os.makedirs(uploads, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    path = folder / _UNSAFE.sub("_", file)[-80:]
    try:
        await fetch(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return path


async def queue_with_file(
    services: Services, caller: Caller, wanted: TrainArguments, fetch: Callable[[], Awaitable[Path]]
) -> tuple[Job, int]:
    """bot.usecases.train.submit, with the posts in a file; `fetch` is called once it is clear that they may."""
    paths: list[Path] = []

    async def files() -> tuple[Path, ...]:
        paths.append(await fetch())
        return tuple(paths)

    try:
        return await submit(services, caller, wanted, files)
    except BaseException:  # a job that is queued all the same keeps its files until it has ended
        waiting = await services.store.unfinished_jobs()
        kept = {account.reference for job in waiting for account in job.accounts}
        services.folders.drop_uploads({f"file:{path}" for path in paths} - kept)
        raise
