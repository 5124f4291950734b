"""Pictures that come with a persona."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Persona
from bot.folders import Folders

NAMES = ("loss.png", "samples.png")  # in a persona's version, where it has them


@dataclass(frozen=True)
class Picture:
    name: str
    data: bytes


def pictures_of(folders: Folders, persona: Persona) -> tuple[Picture, ...]:
    folder = folders.root / persona.folder
    return tuple(Picture(name, (folder / name).read_bytes()) for name in NAMES if (folder / name).is_file())
