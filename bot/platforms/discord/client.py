"""The connection to Discord: which events it takes, and what it does when it has come up."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from typing import Any

import discord
from discord import app_commands

from bot import traces
from bot.platforms.board import Board
from bot.platforms.discord.actions import Pressed, act
from bot.platforms.discord.desk import Desk
from bot.platforms.discord.look import Look
from bot.platforms.discord.look_jobs import Jobs
from bot.platforms.discord.people import PLATFORM, Asked
from bot.platforms.discord.posts import Posts
from bot.platforms.discord.slash import add_commands
from bot.platforms.discord.speech import on_mention
from bot.platforms.discord.translator import Translator
from bot.platforms.discord.webhooks import Webhooks
from bot.platforms.ids import PATTERN
from bot.usecases.services import Services

SYNCED = "discord commands"  # the note that keeps what Discord was told
EVERYWHERE = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
EVERYBODY = app_commands.AppInstallationType(guild=True, user=True)
logger = logging.getLogger(__name__)


def intents() -> discord.Intents:
    """Servers and channels, and messages that mention the bot or are written to it. Not the content of any others."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class Tree(app_commands.CommandTree[Any]):
    async def interaction_check(self, interaction: Asked, /) -> bool:
        """The first thing in the task that the library makes for each command."""
        traces.begin_request(PLATFORM)
        return True

    async def on_error(self, interaction: Asked, error: app_commands.AppCommandError, /) -> None:
        async def again() -> None:
            raise getattr(error, "original", error)

        await interaction.client.desk.guard(interaction, again())


class Client(discord.AutoShardedClient):
    """Ready when `desk` has the commands' ids and jobs that ended meanwhile have been told."""

    def __init__(self, services: Services) -> None:
        super().__init__(
            intents=intents(),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
        )
        self.tree = Tree(self, allowed_contexts=EVERYWHERE, allowed_installs=EVERYBODY)
        jobs = Jobs(self._look, services.settings.training.warn_characters)
        self.board = Board(PLATFORM, Posts(self, services.chats), jobs, services)
        self.desk = Desk(self, services, self.board, Webhooks(self))
        self._catching_up: asyncio.Task[None] | None = None
        add_commands(self.tree)
        self.add_dynamic_items(Pressed)

    def _look(self, locale: str) -> Look:
        return self.desk.look(locale)

    async def setup_hook(self) -> None:
        """Also after a login that failed on the way."""
        await self.tree.set_translator(Translator())
        try:
            await self.sync()
        except discord.HTTPException:  # people have the commands of the last time
            logger.exception("Discord could not be told the commands")

    async def sync(self) -> None:
        """Tell Discord the commands, all at once, if they have changed since the last time."""
        chats = self.desk.services.chats
        digest = await self._digest()
        note = json.loads(await chats.note(SYNCED) or "{}")
        self.desk.commands.update(note.get("ids", {}))
        if note.get("digest") != digest:
            known = await self.tree.sync()
            note = {"digest": digest, "ids": {one.name: one.id for one in known}}
            await chats.set_note(SYNCED, json.dumps(note))
            logger.info("told Discord %d commands", len(known))
        self.desk.commands.update(note["ids"])

    async def _digest(self) -> str:
        translator = self.tree.translator
        assert translator is not None
        payload = [await one.get_translated_payload(self.tree, translator) for one in self.tree.get_commands()]
        told = json.dumps(
            [self.application_id, sorted(payload, key=lambda one: (one["type"], one["name"]))], sort_keys=True
        )
        return hashlib.sha256(told.encode()).hexdigest()

    async def on_ready(self) -> None:
        """Also after a session was lost."""
        logger.info("connected to Discord as %s; servers: %d", self.user, len(self.guilds))
        if self._catching_up is None:
            self._catching_up = asyncio.create_task(self.board.keep_up())

    async def close(self) -> None:
        if self._catching_up is not None:
            self._catching_up.cancel()
        await super().close()

    async def on_interaction(self, asked: Asked) -> None:
        """Forms: the library forgets them with a restart; their ids say all that is needed."""
        if asked.type is not discord.InteractionType.modal_submit:
            return
        data: Any = asked.data or {}
        if found := re.fullmatch(PATTERN, data.get("custom_id", "")):
            await act(self.desk, asked, found["action"], found["about"])

    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or not message.content or self.user is None:
            return
        mentioned = self.user in message.mentions and not message.is_system()
        if mentioned or message.guild is None:
            await on_mention(self.desk, message)
