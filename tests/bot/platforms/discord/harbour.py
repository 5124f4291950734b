"""A server with people in it, and the bot connected to it: the real client, real sockets, doubles of the workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.platforms.discord.client import Client
from bot.platforms.discord.connection import run_discord
from bot.settings import DiscordSettings, LimitSettings, Settings, TrainingSettings
from tests.doubles.discord import Asked, Channel, FakeDiscord, Guild, Message, User
from tests.doubles.service import FakeService, fake_service


@dataclass
class Harbour:
    """Ann may manage the server, ben is a member."""

    fake: FakeDiscord
    service: FakeService
    guild: Guild
    general: Channel
    ann: User
    ben: User
    client: Client
    connection: AsyncExitStack  # closing it ends the client as a stop of the bot does

    @property
    def space(self) -> str:
        return f"discord:{self.guild.id}"

    async def persona(self, name: str = "pip", space: str = "") -> None:
        """One that this server sees; space "": the operator's."""
        await self.service.add_persona(name)
        await self.service.store.database.fetch("UPDATE persona_spaces SET space = ? WHERE persona = ?", (space, name))

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[None]:
        """Another process in this one's place."""
        await self.connection.aclose()
        self.client = await self.connection.enter_async_context(connected(self.fake, self.service))
        yield


@asynccontextmanager
async def connected(fake: FakeDiscord, service: FakeService) -> AsyncIterator[Client]:
    """A client of the bot, taking events. (The library calls itself ready two seconds later.)"""
    client = Client(service.services)
    service.jobs.notifier = client.board
    before = fake.connections.identified
    task = asyncio.create_task(run_discord(client, service.services.settings.discord))
    try:
        await fake.until(lambda: task.done() or fake.connections.identified > before)
        await fake.connected()
        yield client
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def harbour(folder: Path, limits: LimitSettings | None = None) -> AsyncIterator[Harbour]:
    async with FakeDiscord(rate_scale=0) as fake:
        settings = Settings(
            data_dir=folder,
            training=TrainingSettings(min_characters=300),
            limits=limits or LimitSettings(cooldown_seconds=0, answers_at_once=100),
            discord=DiscordSettings(token=SecretStr(fake.token), api_base=fake.api_base, gateway=fake.gateway),
        )
        guild = fake.add_guild("Harbour")
        general = guild.add_channel("general")
        ann, ben = guild.add_member("ann", admin=True), guild.add_member("ben")
        async with (
            fake_service(folder, settings) as service,
            service.running(),
            AsyncExitStack() as connection,
        ):
            client = await connection.enter_async_context(connected(fake, service))
            yield Harbour(fake, service, guild, general, ann, ben, client, connection)
            assert fake.refusals == []


async def answered(asked: Asked) -> Message:
    """The answer that the person sees; not the one that is still growing."""
    await asked.until(lambda asked: asked.message is not None and "▌" not in asked.message.content)
    assert asked.message is not None
    return asked.message
