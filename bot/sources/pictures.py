"""An account's picture: small, and really one."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.sources.web import Web
from bot.sources.zstd import write_file

MAX_BYTES = 4 * 1024 * 1024
_HEADS = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")


def is_picture(data: bytes) -> bool:
    """A PNG or JPEG file, by its first bytes."""
    return data.startswith(_HEADS)


async def keep_avatar(web: Web, url: str | None, path: Path) -> None:
    """Fetch it into the file, where it can be had."""
    if url is None:
        return
    data = await web.fetch(url, MAX_BYTES)
    if data is not None and is_picture(data):
        await asyncio.to_thread(write_file, path, data)
