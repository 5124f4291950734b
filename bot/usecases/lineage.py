"""Where a persona came from, step by step, each with its content's checksum, and whether that is still so."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.domain import Persona, Publication
from bot.usecases.services import Services
from trainer.corpus import posts_digest
from trainer.manifest import DamagedPersona, verify


@dataclass(frozen=True)
class Traced:
    """`posts`, by handle, and `files`: is what the record names what lies on this machine? None: there is nothing."""

    persona: Persona
    posts: dict[str, bool | None]
    files: bool
    published: tuple[Publication, ...]


async def trace(services: Services, persona: Persona) -> Traced:
    lineage = persona.manifest.lineage
    posts: dict[str, bool | None] = {}
    for one in lineage.posts if lineage else ():
        kept = await services.sources.kept(persona.name, one.handle)
        posts[one.handle] = posts_digest(kept) == one.sha256 if kept else None
    whole = await asyncio.to_thread(_is_whole, services, persona)
    return Traced(persona, posts, whole, tuple(await services.store.publications(persona.name)))


def _is_whole(services: Services, persona: Persona) -> bool:
    try:
        verify(services.folders.root / persona.folder)
    except DamagedPersona:
        return False
    return True
