"""Pictures beside a terminal, which shows none: as files, in a folder of the persona's version."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.domain import Persona
from bot.folders import Folders
from bot.pictures.painter import Painter, Picture
from bot.platforms.pictures import all_of, share

FOLDER = "pictures"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Album:
    painter: Painter
    folders: Folders

    async def fill(self, persona: Persona) -> list[Path]:
        """Where all of a persona's pictures are now; those that can't be drawn or written are left out."""
        return await self._keep(persona, await all_of(self.painter, persona))

    async def fill_share(self, persona: Persona) -> list[Path]:
        """Only the one to share."""
        return await self._keep(persona, await share(self.painter, persona))

    async def _keep(self, persona: Persona, pictures: Sequence[Picture]) -> list[Path]:
        if not pictures:
            return []
        folder = self.folders.root / persona.folder / FOLDER
        try:
            return await asyncio.to_thread(_write, folder, pictures)
        except OSError as error:
            logger.warning("the pictures of @%s can't be kept in %s (%s)", persona.name, folder, error)
            return []


def _write(folder: Path, pictures: Sequence[Picture]) -> list[Path]:
    """The version's own folder isn't made: where it is gone, the persona is. Raises OSError."""
    folder.mkdir(exist_ok=True)
    paths = [folder / picture.name for picture in pictures]
    for path, picture in zip(paths, pictures, strict=True):
        path.write_bytes(picture.data)
    return paths


def told(paths: Sequence[Path], here: Path) -> str:
    """In one line, short for who is `here`; there is one path at least."""
    folder = paths[0].parent
    near = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return f"Pictures in {near}: {', '.join(path.name for path in paths)}"
