"""Telegram with the real bot process and its real workers, on a tiny base model; then Discord beside it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.doubles.discord import FakeDiscord
from tests.doubles.telegram import Chat, FakeTelegram, Message, User
from tests.e2e import test_discord
from tests.e2e.conftest import WAIT_SECONDS, Mynah

PIP = "pip_the_lighthouse"
LABEL = f"@\u2060{PIP} · written by a machine"


@dataclass
class Town:
    fake: FakeTelegram
    mynah: Mynah
    group: Chat
    alone: Chat
    ann: User

    @asynccontextmanager
    async def bot(self, others: dict[str, str] | None = None) -> AsyncIterator[subprocess.Popen[str]]:
        """`mynah run`, connected."""
        with self.mynah.serve(telegram(self.fake) | (others or {})) as process:
            await self.fake.until(lambda: process.poll() is not None or self.fake.updates.polling, WAIT_SECONDS)
            assert process.poll() is None, self.mynah.log.read_text()
            yield process


def telegram(fake: FakeTelegram) -> dict[str, str]:
    """Settings."""
    return {
        "MYNAH_TELEGRAM__TOKEN": fake.token,
        "MYNAH_TELEGRAM__API_BASE": fake.api_base,
        "MYNAH_TELEGRAM__FILE_BASE": fake.file_base,
    }


async def see(chat: Chat, text: str) -> Message:
    """The bot's latest message with this text, once it is in the chat and doesn't grow any more."""

    def found() -> list[Message]:
        return [one for one in chat.sent if text in one.plain and " ▌" not in one.plain]

    await chat.until(lambda _: found(), WAIT_SECONDS)
    return found()[-1]


async def say(town: Town, chat: Chat, text: str) -> Message:
    before = len(chat.sent)
    await town.fake.write(town.ann, chat, text)
    await chat.until(lambda chat: len(chat.sent) > before and " ▌" not in chat.sent[-1].plain, WAIT_SECONDS)
    return chat.sent[-1]


async def press(town: Town, message: Message, label: str) -> Message:
    before = len(message.chat.sent)
    await town.fake.press(town.ann, message, label)
    await message.chat.until(lambda chat: len(chat.sent) > before and " ▌" not in chat.sent[-1].plain, WAIT_SECONDS)
    return message.chat.sent[-1]


@pytest.fixture
async def town(mynah: Mynah) -> AsyncIterator[Town]:
    async with FakeTelegram() as fake:
        ann = fake.add_user("ann")
        yield Town(fake, mynah, fake.add_group("Harbour", members=[ann], admins=[ann]), fake.private(ann), ann)
        assert fake.refusals == []
        assert fake.token not in mynah.log.read_text()


async def test_train_say_again_restart_again(town: Town) -> None:
    async with town.bot() as process:
        await town.fake.write(town.ann, town.group, f"/train @{PIP}")
        await see(town.group, "is ready. Try /say")
        said = await say(town, town.group, "/say My dream is")
        assert said.bold() == ["My dream is"]
        assert said.spans("italic") == [LABEL]
        again = await press(town, said, "Again")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    async with town.bot():
        after = await press(town, said, "Again")
        assert len({said.text, again.text, after.text}) == 3
        assert "584" in (await press(town, after, "Card")).caption
        query = await (await town.fake.inline(town.ann, "@nobody: hi")).until(WAIT_SECONDS)
        assert query.button is not None
    assert len(town.fake.calls("setMyCommands")) == 15


async def test_what_was_asked_while_it_was_killed_is_answered_once(town: Town) -> None:
    async with town.bot() as process:
        await town.fake.write(town.ann, town.alone, f"/train @{PIP}")
        board = await see(town.alone, "training")
        process.kill()
        process.wait()
        await town.fake.write(town.ann, town.alone, "/jobs")
    async with town.bot():
        await see(town.alone, "is ready. Try /say")
        assert "Posts downloaded" in board.caption
        assert sum("Trainings" in one.plain for one in town.alone.sent) == 1


async def test_discord_and_telegram_are_served_by_one_process(town: Town) -> None:
    async with FakeDiscord() as fake:
        guild = fake.add_guild("Harbour")
        place = test_discord.Town(
            fake, town.mynah, guild, guild.add_channel("general"), guild.add_member("bo", admin=True)
        )
        async with town.bot(test_discord.discord(fake)):
            await fake.until(lambda: fake.connections.identified > 0, WAIT_SECONDS)
            await fake.connected(WAIT_SECONDS)
            await town.fake.write(town.ann, town.alone, f"/train @{PIP}")
            await see(town.alone, "is ready. Try /say")
            shown = await test_discord.answer(await fake.slash(place.ann, place.channel, "train", handle=f"@{PIP}"))
            assert "can speak here now" in shown.text
            one = await fake.slash(place.ann, place.channel, "say", prompt="My dream is")
            two = await say(town, town.alone, "My dream is")
            assert two.bold() == ["My dream is"]
            assert (await test_discord.answer(one)).content.startswith("**My dream is**")
        assert fake.refusals == []
