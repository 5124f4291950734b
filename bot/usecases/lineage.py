"""Where a persona came from, step by step, each with its content's checksum, and whether that is still so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.domain import Persona
from bot.usecases.services import Services
from trainer.corpus import posts_digest
from trainer.manifest import DamagedPersona, verify


@dataclass(frozen=True)
class Traced:
    """`posts`, by handle, and `files`: is what the record names what lies on this machine? None: there is nothing."""

    persona: Persona
    posts: dict[str, bool | None]
    files: bool


async def trace(services: Services, persona: Persona) -> Traced:
    lineage = persona.manifest.lineage
    posts: dict[str, bool | None] = {}
    for one in lineage.posts if lineage else ():
        kept = await services.sources.kept(persona.name, one.handle)
        posts[one.handle] = posts_digest(kept) == one.sha256 if kept else None
    return Traced(persona, posts, await asyncio.to_thread(_is_whole, services, persona))


def _is_whole(services: Services, persona: Persona) -> bool:
    try:
        verify(services.folders.root / persona.folder)
    except DamagedPersona:
        return False
    return True
