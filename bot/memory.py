"""Giving memory back to the system: glibc keeps what a busy hour or a training has needed, for the next one."""

from __future__ import annotations

import asyncio
import ctypes

TRIM_SECONDS = 60.0


async def keep_trimmed() -> None:
    """Once a minute, until cancelled. malloc_trim(3); other C libraries have none, and do without."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:
        await asyncio.sleep(TRIM_SECONDS)
        await asyncio.to_thread(trim, 0)
