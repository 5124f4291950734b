"""Files that people attach: streamed, and not longer than they said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import discord

from bot.errors import BadInput, UserError
from bot.platforms.uploads import fetch_into
from bot.texts import Text

CHUNK = 64 * 1024
SECONDS = 300.0


async def download(attachment: discord.Attachment, uploads: Path) -> Path:
    """Into a folder of its own in there. Raises UserError."""
    try:
        async with asyncio.timeout(SECONDS):
            return await fetch_into(uploads, attachment.filename, lambda path: _stream(attachment, path))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UserError(
            Text("{file} couldn't be downloaded from Discord. Try again.", file=attachment.filename)
        ) from error


async def _stream(attachment: discord.Attachment, path: Path) -> None:
    left = attachment.size
    async with aiohttp.ClientSession() as session, session.get(attachment.url, raise_for_status=True) as response:
        with path.open("wb") as file:
            async for chunk in response.content.iter_chunked(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise BadInput(Text("{file} is longer than it said.", file=attachment.filename))
                await asyncio.to_thread(file.write, chunk)
