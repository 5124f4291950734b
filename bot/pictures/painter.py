"""The pictures of a persona: what to share, how its training went, and what it was made from."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bot.domain import Persona
from bot.errors import OperatorError
from bot.folders import Folders
from bot.pictures.avatars import round_avatar
from bot.pictures.loss import loss_facts
from bot.pictures.pipeline import pipeline_facts
from bot.pictures.press import Press
from bot.pictures.share import share_facts
from bot.texts import Text
from trainer.corpus import MAX_ACCOUNTS
from trainer.manifest import Manifest
from trainer.protocol import FIRST_PROMPT, AccountCounts

T = TypeVar("T")

AVATAR, SHARED_FACE, SMALL_FACE = 400, 108, 72  # pixels

_NOT_IN_NAMES = re.compile(r"[^\w.@-]")


@dataclass(frozen=True)
class Picture:
    """A PNG file; `alt` says what is on it, for people who can't see it."""

    name: str
    data: bytes
    alt: Text


class Painter:
    """Draws in threads; may be asked for several pictures at once. All raise OperatorError where drawing fails."""

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._press = Press()

    async def all(self, persona: Persona) -> tuple[Picture, ...]:
        """Those that there are: share, pipeline, loss."""
        pictures = (await self.share(persona), await self.pipeline(persona), await self.loss(persona))
        return tuple(picture for picture in pictures if picture is not None)

    async def share(self, persona: Persona, said: str = "", prompt: str = FIRST_PROMPT) -> Picture:
        """1200 × 630 pixels: the accounts, and what the persona made of a prompt.

        `said` begins with the prompt; "": the sample in the persona's record.
        """
        return await _in_thread(lambda: self._share(persona, said or persona.manifest.sample, prompt))

    async def loss(self, persona: Persona) -> Picture | None:
        """Losses over epochs; None where no curve was recorded."""
        return await _in_thread(lambda: self._loss(persona))

    async def pipeline(self, persona: Persona) -> Picture:
        """From posts to persona, with what is recorded of each step."""
        return await _in_thread(lambda: self._pipeline(persona))

    async def avatar(self, persona: Persona, handle: str) -> Picture:
        """An account's picture: round, 400 × 400 pixels, transparent around it."""
        data = await _in_thread(lambda: self._avatar(persona, handle, AVATAR))
        return Picture(f"avatar-{_NOT_IN_NAMES.sub('_', handle)}.png", data, Text("@{handle}", handle=handle))

    def _share(self, persona: Persona, said: str, prompt: str) -> Picture:
        accounts = persona.manifest.corpus.accounts[:MAX_ACCOUNTS]
        faces = tuple(self._face(persona, one, SHARED_FACE) for one in accounts)
        facts = share_facts(persona, said, prompt, faces)
        alt = Text(
            "A card of @{persona}. Written by a machine: {said}", persona=persona.name, said=facts.prompt + facts.said
        )
        return Picture("share.png", self._press.draw("share", facts), alt)

    def _loss(self, persona: Persona) -> Picture | None:
        facts = loss_facts(persona)
        if facts is None:
            return None
        return Picture("loss.png", self._press.draw("loss", facts), _loss_alt(persona.manifest))

    def _pipeline(self, persona: Persona) -> Picture:
        accounts = persona.manifest.corpus.accounts[:MAX_ACCOUNTS]
        facts = pipeline_facts(persona, {one.handle: self._face(persona, one, SMALL_FACE) for one in accounts})
        alt = Text(
            "A drawing of how @{persona} was made from the posts of {accounts}, step by step.",
            persona=persona.name,
            accounts=", ".join(f"@{one.handle}" for one in accounts),
        )
        return Picture("pipeline.png", self._press.draw("pipeline", facts), alt)

    def _face(self, persona: Persona, account: AccountCounts, size: int) -> str:
        return b64encode(self._avatar(persona, account.handle, size)).decode()

    def _avatar(self, persona: Persona, handle: str, size: int) -> bytes:
        return round_avatar(self._folders.avatar(persona.name, handle), handle, size)


async def _in_thread(draw: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(draw)
    except (ValueError, OverflowError) as error:  # a pulled record may say that a training took NaN seconds
        raise OperatorError(f"The persona's record has figures that can't be drawn: {error}.") from error


def _loss_alt(manifest: Manifest) -> Text:
    run = manifest.run
    if run is None or not manifest.corpus.held_out_posts:
        return Text("A chart of the losses while @{persona} was trained.", persona=manifest.persona)
    return Text(
        "A chart of the losses while @{persona} was trained. Best on held-out posts after epoch {epoch:g}: "
        "{loss:.2f} nats per token.",
        persona=manifest.persona,
        epoch=run.best_epoch,
        loss=min(run.curve, key=lambda point: abs(point.epoch - run.best_epoch)).held_out_loss,
    )
