"""Discord with the real bot process and its real workers, on a tiny base model."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.doubles.discord import Asked, Channel, FakeDiscord, Guild, Message, User
from tests.e2e.conftest import WAIT_SECONDS, Mynah

PIP = "pip_the_lighthouse"
LABEL = f"-# @{PIP.replace('_', chr(92) + '_')} · written by a machine"


@dataclass
class Town:
    fake: FakeDiscord
    mynah: Mynah
    guild: Guild
    channel: Channel
    ann: User

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[subprocess.Popen[str]]:
        """`mynah run`, connected."""
        before = self.fake.connections.identified
        with self.mynah.serve(discord(self.fake)) as process:
            await self.fake.until(
                lambda: process.poll() is not None or self.fake.connections.identified > before, WAIT_SECONDS
            )
            assert process.poll() is None, self.mynah.log.read_text()
            await self.fake.connected(WAIT_SECONDS)
            yield process

    async def see(self, text: str) -> Message:
        """The message with this text, once it is in the channel."""
        await self.channel.until(lambda messages: any(text in one.text for one in messages), WAIT_SECONDS)
        return next(one for one in reversed(self.channel.messages) if text in one.text)


def discord(fake: FakeDiscord) -> dict[str, str]:
    """Settings."""
    return {
        "MYNAH_DISCORD__TOKEN": fake.token,
        "MYNAH_DISCORD__API_BASE": fake.api_base,
        "MYNAH_DISCORD__GATEWAY": fake.gateway,
    }


async def answer(asked: Asked) -> Message:
    await asked.until(lambda asked: asked.message is not None and "▌" not in asked.message.text, WAIT_SECONDS)
    assert asked.message is not None
    return asked.message


@pytest.fixture
async def town(mynah: Mynah) -> AsyncIterator[Town]:
    async with FakeDiscord() as fake:
        guild = fake.add_guild("Harbour")
        yield Town(fake, mynah, guild, guild.add_channel("general"), guild.add_member("ann", admin=True))
        assert fake.refusals == []


async def test_train_say_again_restart_again(town: Town) -> None:
    async with town.bot() as process:
        await answer(await town.fake.slash(town.ann, town.channel, "train", handle=f"@{PIP}"))
        call = await town.see("** is ready.")
        assert call.pings == [town.ann]
        said = await answer(await town.fake.slash(town.ann, town.channel, "say", prompt="My dream is"))
        assert said.content.startswith("**My dream is**")
        assert said.content.endswith(LABEL)
        again = await answer(await town.fake.click(town.ann, said, "Again"))
        assert again.content.startswith("**My dream is**")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 30) == 0
    async with town.bot():
        after = await answer(await town.fake.click(town.ann, said, "Again"))
        assert after.content.startswith("**My dream is**")
        assert len({said.content, again.content, after.content}) == 3
        card = await answer(await town.fake.slash(town.ann, town.channel, "card", persona=PIP))
        assert "584" in card.text
    assert town.fake.syncs == 1


async def test_a_training_goes_on_in_its_message_after_a_kill(town: Town) -> None:
    async with town.bot() as process:
        await answer(await town.fake.slash(town.ann, town.channel, "train", handle=f"@{PIP}"))
        board = await town.see("training")
        process.kill()
    async with town.bot():
        await town.see("** is ready.")
    assert "Posts downloaded" in board.text
    assert sum("Posts downloaded" in one.text for one in town.channel.messages) == 1


def test_a_wrong_token_is_told_in_one_line(mynah: Mynah) -> None:
    refused = mynah.run("run")
    assert refused.returncode == 1
    assert refused.stderr.startswith("No messenger is set up. For Discord, set MYNAH_DISCORD__TOKEN")
