"""Messages under a persona's own name and picture: a webhook for each persona in each channel."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import discord
from discord.abc import Snowflake

from bot.faces import face
from bot.platforms.discord.message import Message
from bot.platforms.discord.steady import NETWORK
from bot.platforms.ids import PREFIX, reference

READY_SECONDS = 1.5
REPEATED_SECONDS = 0.9  # the library waits for a second before it repeats
MOST = 8  # in a channel; Discord allows 15, and others want some
NAME = 80  # characters of a webhook's name at most
RESERVED = ("discord", "clyde")  # Discord refuses names with these
BADGE = " · AI"
MISSING: Any = discord.utils.MISSING
logger = logging.getLogger(__name__)

Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel


@dataclass
class Webhooks:
    """The least recently used one of a channel takes on another persona where there are MOST."""

    client: discord.Client
    _known: dict[int, OrderedDict[str, discord.Webhook]] = field(default_factory=dict)
    _locks: dict[int, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def ready(self, channel: object, persona: str) -> bool:
        """Whether a message can be sent like this, as far as can be found out soon."""
        place = _place(channel)
        if place is None or any(word in persona for word in RESERVED):
            return False
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._webhook(place, persona)
        except (TimeoutError, discord.HTTPException, *NETWORK) as error:
            logger.info("no webhook in %s: %r", place.id, error)
            self._known.pop(place.id, None)  # one may have been made all the same
            return False
        return True

    async def send(self, channel: object, persona: str, message: Message, asked: Snowflake) -> bool:
        """Whether it was sent. Where that can't be told, it counts as sent: nothing is said twice."""
        place = _place(channel)
        if place is None:
            return False
        thread = channel if isinstance(channel, discord.Thread) else None
        if not await self.ready(channel, persona):
            return False
        try:
            await self._execute(await self._webhook(place, persona), thread, persona, message, asked)
        except (discord.DiscordServerError, *NETWORK) as error:
            logger.warning("whether a message in %s was sent isn't known: %r", place.id, error)
        except discord.HTTPException as error:  # somebody has deleted it, or taken the permission away
            logger.info("no webhook in %s: %s", place.id, error)
            self._known.pop(place.id, None)
            return False
        return True

    async def _execute(
        self,
        webhook: discord.Webhook,
        thread: discord.Thread | None,
        persona: str,
        message: Message,
        asked: Snowflake,
    ) -> None:
        send: Any = webhook.send  # the overloads tell views from layouts; ours can be either
        begun = time.monotonic()
        sent: discord.WebhookMessage = await send(
            **message.parts(),
            thread=thread or MISSING,
            username=persona[: NAME - len(BADGE)] + BADGE,
            allowed_mentions=discord.AllowedMentions.none(),
            wait=True,
        )
        if time.monotonic() - begun > REPEATED_SECONDS:
            await self._drop_copies(webhook, thread, sent, asked)

    async def _drop_copies(
        self, webhook: discord.Webhook, thread: discord.Thread | None, sent: discord.WebhookMessage, asked: Snowflake
    ) -> None:
        """The library repeats what failed, and webhooks know no nonce: a first try may have arrived after all."""
        place = self.client.get_partial_messageable(sent.channel.id)
        with suppress(discord.HTTPException, *NETWORK):
            async for other in place.history(limit=20, before=sent, after=asked):
                if other.webhook_id == webhook.id and other.content == sent.content:
                    await webhook.delete_message(other.id, thread=thread or MISSING)

    async def _webhook(self, place: Place, persona: str) -> discord.Webhook:
        name = f"{PREFIX} {reference(persona)}"[:NAME]
        async with self._locks[place.id]:
            known = await self._ours(place)
            if name not in known:
                known[name] = await self._make(place, known, name, persona)
            known.move_to_end(name)
            return known[name]

    async def _make(
        self, place: Place, known: OrderedDict[str, discord.Webhook], name: str, persona: str
    ) -> discord.Webhook:
        if len(known) < MOST:
            return await place.create_webhook(name=name, avatar=face(persona))
        used_longest_ago = next(iter(known))
        changed = await known[used_longest_ago].edit(name=name, avatar=face(persona))
        del known[used_longest_ago]
        return changed

    async def _ours(self, place: Place) -> OrderedDict[str, discord.Webhook]:
        if place.id not in self._known:
            mine = [one for one in await place.webhooks() if one.token and one.user == self.client.user]
            self._known[place.id] = OrderedDict((one.name or "", one) for one in mine)
        return self._known[place.id]


def _place(channel: object) -> Place | None:
    """Where a channel's webhooks are, if it can have any."""
    place = channel.parent if isinstance(channel, discord.Thread) else channel
    return place if isinstance(place, Place) else None
