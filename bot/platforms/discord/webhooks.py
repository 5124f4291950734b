"""Messages under a persona's own name and picture: a webhook for each persona in each channel."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import discord

from bot.faces import face
from bot.platforms.discord.answer import MISSING, Message
from bot.platforms.discord.ids import PREFIX, reference
from bot.platforms.discord.steady import NETWORK

MOST = 8  # in a channel; Discord allows 15, and others want some
NAME = 80  # characters of a webhook's name at most
RESERVED = ("discord", "clyde")  # Discord refuses names with these
BADGE = " · AI"
logger = logging.getLogger(__name__)

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel


@dataclass
class Webhooks:
    """The least recently used one of a channel takes on another persona where there are MOST."""

    client: discord.Client
    _known: dict[int, OrderedDict[str, discord.Webhook]] = field(default_factory=dict)

    async def send(self, channel: object, persona: str, message: Message) -> bool:
        """Whether it was sent: not where there can't be webhooks, nor under a name that Discord refuses."""
        thread = channel if isinstance(channel, discord.Thread) else None
        place = thread.parent if thread is not None else channel
        if not isinstance(place, Place) or any(word in persona for word in RESERVED):
            return False
        try:
            webhook = await self._webhook(place, persona)
            await self._execute(webhook, thread, persona, message)
        except discord.NotFound:  # somebody has deleted it
            self._known.pop(place.id, None)
            return False
        except (discord.HTTPException, *NETWORK) as error:
            logger.info("no webhook in %s: %s", place.id, error)
            return False
        return True

    async def _execute(
        self, webhook: discord.Webhook, thread: discord.Thread | None, persona: str, message: Message
    ) -> None:
        send: Any = webhook.send  # the overloads tell views from layouts; ours can be either
        await send(
            **message.parts(),
            thread=MISSING if thread is None else thread,
            username=persona[: NAME - len(BADGE)] + BADGE,
            allowed_mentions=discord.AllowedMentions.none(),
            wait=True,
        )

    async def _webhook(self, place: Place, persona: str) -> discord.Webhook:
        known = await self._ours(place)
        name = f"{PREFIX} {reference(persona)}"[:NAME]
        if name not in known:
            if len(known) < MOST:
                known[name] = await place.create_webhook(name=name, avatar=face(persona))
            else:
                _, oldest = known.popitem(last=False)
                known[name] = await oldest.edit(name=name, avatar=face(persona))
        known.move_to_end(name)
        return known[name]

    async def _ours(self, place: Place) -> OrderedDict[str, discord.Webhook]:
        if place.id not in self._known:
            mine = [one for one in await place.webhooks() if one.token and one.user == self.client.user]
            self._known[place.id] = OrderedDict((one.name or "", one) for one in mine)
        return self._known[place.id]
