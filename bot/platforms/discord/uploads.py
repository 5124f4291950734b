"""Files that people attach: looked at before they are downloaded, streamed, and not longer than they said."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import tempfile
from pathlib import Path

import aiohttp
import discord

from bot.errors import BadInput, UserError
from bot.sources.reading import FORMATS
from bot.texts import Text

SUFFIXES = frozenset({".csv", ".js", ".json", ".jsonl", ".ndjson", ".tsv", ".txt", ".zip"})
CHUNK = 64 * 1024
SECONDS = 300.0
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def check(attachment: discord.Attachment, megabytes: int) -> None:
    """Raises BadInput when it is too large, empty, or can't be posts."""
    if Path(attachment.filename).suffix.lower() not in SUFFIXES:
        raise BadInput(Text("{file} can't be posts. I can read {formats}.", file=attachment.filename, formats=FORMATS))
    if attachment.size > megabytes * 1_000_000:
        raise BadInput(
            Text(
                "{file} has {size:.0f} MB; I take {limit} MB. Of an X archive, data/tweets.js is enough.",
                file=attachment.filename,
                size=attachment.size / 1e6,
                limit=megabytes,
            )
        )
    if not attachment.size:
        raise BadInput(Text("{file} is empty. Send a file with posts in it.", file=attachment.filename))


async def download(attachment: discord.Attachment, uploads: Path) -> Path:
    """Into a folder of its own in there. Raises UserError."""
    os.makedirs(uploads, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=uploads))
    try:
        path = folder / _UNSAFE.sub("_", attachment.filename)[-80:]
        async with asyncio.timeout(SECONDS):
            await _stream(attachment, path)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise UserError(
                Text("{file} couldn't be downloaded from Discord. Try again.", file=attachment.filename)
            ) from error
        raise
    return path


async def _stream(attachment: discord.Attachment, path: Path) -> None:
    left = attachment.size
    async with aiohttp.ClientSession() as session, session.get(attachment.url, raise_for_status=True) as response:
        with path.open("wb") as file:
            async for chunk in response.content.iter_chunked(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise BadInput(Text("{file} is longer than it said.", file=attachment.filename))
                await asyncio.to_thread(file.write, chunk)
