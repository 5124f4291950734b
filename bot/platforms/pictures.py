"""A persona's pictures for messages. One that can't be drawn is left out: the message goes all the same."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from bot.domain import Persona
from bot.pictures.painter import Painter, Picture

logger = logging.getLogger(__name__)


async def share(painter: Painter, persona: Persona) -> tuple[Picture, ...]:
    """The one for others to see, if it can be drawn."""
    return await _drawn(painter.share(persona))


async def made(painter: Painter, persona: Persona) -> tuple[Picture, ...]:
    """What it was made from, and how its training went."""
    return *await _drawn(painter.pipeline(persona)), *await _drawn(painter.loss(persona))


async def all_of(painter: Painter, persona: Persona) -> tuple[Picture, ...]:
    """The one to share first."""
    return *await share(painter, persona), *await made(painter, persona)


async def _drawn(drawing: Awaitable[Picture | None]) -> tuple[Picture, ...]:
    try:
        picture = await drawing
    except Exception:
        logger.exception("a persona's picture is left out")
        return ()
    return () if picture is None else (picture,)
