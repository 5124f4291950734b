"""Chats with people in them, and the bot connected to them: the real client, real sockets, doubles of the workers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.platforms.telegram.connection import Connection, make_connection, run_telegram
from bot.settings import LimitSettings, Settings, TelegramSettings, TrainingSettings
from tests.doubles.service import FakeService, fake_service
from tests.doubles.telegram import Chat, FakeTelegram, Message, User

NOT_YET = (" ▌",)


@dataclass
class Town:
    """Ann is an admin of the group, ben a member. `alone` is ann's chat with the bot."""

    fake: FakeTelegram
    service: FakeService
    group: Chat
    alone: Chat
    ann: User
    ben: User
    connection: Connection
    running: AsyncExitStack  # closing it ends the connection as a stop of the bot does

    @property
    def space(self) -> str:
        return f"telegram:{self.group.id}"

    async def persona(self, name: str = "pip", space: str = "") -> None:
        """One that this space sees; space "": the operator's."""
        await self.service.add_persona(name)
        await self.service.store.database.fetch("UPDATE persona_spaces SET space = ? WHERE persona = ?", (space, name))

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[None]:
        """Another process in this one's place."""
        await self.running.aclose()
        self.connection = await self.running.enter_async_context(connected(self.fake, self.service))
        yield

    async def forum(self) -> Chat:
        """A group with topics, once the bot has introduced itself there."""
        forum = self.fake.add_group("Forum", members=[self.ann, self.ben], admins=[self.ann], forum=True)
        await forum.until(lambda chat: chat.sent)
        return forum

    async def ask(self, text: str, user: User | None = None, chat: Chat | None = None) -> Message:
        """Write it, ann in the group if nothing else is said; returns the whole answer."""
        where = chat or self.group
        before = len(where.sent)
        await self.fake.write(user or self.ann, where, text)
        return await whole(where, before)


async def whole(chat: Chat, before: int) -> Message:
    """The answer after so many of the bot's messages, once it doesn't grow any more."""
    await chat.until(lambda chat: len(chat.sent) > before and not chat.sent[-1].plain.count(" ▌"))
    return chat.sent[-1]


@asynccontextmanager
async def connected(fake: FakeTelegram, service: FakeService) -> AsyncIterator[Connection]:
    """The bot, taking updates."""
    connection = make_connection(service.services)
    service.jobs.notifier = connection.board
    task = asyncio.create_task(run_telegram(connection))
    try:
        await fake.until(lambda: task.done() or fake.updates.polling or fake.webhook.url)
        if task.done():
            task.result()
        yield connection
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def town(
    folder: Path, limits: LimitSettings | None = None, telegram: dict[str, object] | None = None
) -> AsyncIterator[Town]:
    async with FakeTelegram(rate_scale=0) as fake:
        settings = Settings(
            data_dir=folder,
            training=TrainingSettings(min_characters=300),
            limits=limits or LimitSettings(cooldown_seconds=0, answers_at_once=100),
            telegram=TelegramSettings.model_validate(
                {"token": SecretStr(fake.token), "api_base": fake.api_base, "file_base": fake.file_base}
                | (telegram or {})
            ),
        )
        ann, ben = fake.add_user("ann"), fake.add_user("ben")
        group = fake.add_group("Harbour", members=[ann, ben], admins=[ann])
        alone = fake.private(ann)
        async with fake_service(folder, settings) as service, service.running(), AsyncExitStack() as running:
            connection = await running.enter_async_context(connected(fake, service))
            await group.until(lambda chat: chat.sent)  # it has introduced itself
            yield Town(fake, service, group, alone, ann, ben, connection, running)
            assert fake.refusals == []
