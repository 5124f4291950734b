from __future__ import annotations

import asyncio

from bot.domain import Persona
from bot.errors import OperatorError
from bot.faces import face
from bot.folders import Folders
from bot.pictures.painter import Painter, Picture
from bot.texts import Text
from trainer.protocol import FIRST_PROMPT


class FakePainter(Painter):
    """Draws small patterns, once `gate` is open, but for those named in `failing`. `drawn`: what it was asked for."""

    def __init__(self, folders: Folders) -> None:
        super().__init__(folders)
        self.gate = asyncio.Event()
        self.gate.set()
        self.failing: set[str] = set()
        self.drawn: list[str] = []

    async def all(self, persona: Persona) -> tuple[Picture, ...]:
        return await self.share(persona), await self.pipeline(persona), await self.loss(persona)

    async def share(self, persona: Persona, said: str = "", prompt: str = FIRST_PROMPT) -> Picture:
        return await self._draw("share.png", Text("What @{persona} says", persona=persona.name))

    async def pipeline(self, persona: Persona) -> Picture:
        return await self._draw("pipeline.png", Text("Where @{persona} comes from", persona=persona.name))

    async def loss(self, persona: Persona) -> Picture:
        return await self._draw("loss.png", Text("How @{persona} was trained", persona=persona.name))

    async def avatar(self, persona: Persona, handle: str) -> Picture:
        return await self._draw(f"{handle}.png", Text("@{handle}", handle=handle))

    async def _draw(self, name: str, alt: Text) -> Picture:
        self.drawn.append(name)
        await self.gate.wait()
        if name in self.failing:
            raise OperatorError(f"There is no ink for {name}.")
        return Picture(name, face(alt), alt)
