from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import OperatorError, SettingsError
from bot.platforms.discord.invite import links
from bot.settings import DiscordSettings
from tests.doubles.discord import FakeDiscord


def settings(fake: FakeDiscord, token: str) -> DiscordSettings:
    return DiscordSettings(token=SecretStr(token), api_base=fake.api_base, gateway=fake.gateway)


async def test_the_links_have_the_scopes_and_permissions() -> None:
    async with FakeDiscord() as fake:
        server, person = [link for _, link in await links(settings(fake, fake.token))]
    assert f"client_id={fake.application_id}" in server
    assert "scope=bot+applications.commands" in server
    (permissions,) = [part.partition("=")[2] for part in server.split("&") if part.startswith("permissions=")]
    assert int(permissions) & (1 << 11)  # Send Messages
    assert not int(permissions) & (1 << 3)  # never Administrator
    assert "scope=applications.commands" in person
    assert person.endswith("integration_type=1")


async def test_a_wrong_token_and_no_token() -> None:
    async with FakeDiscord() as fake:
        with pytest.raises(SettingsError, match="Discord doesn't know this token"):
            await links(settings(fake, "MTIzNDU2.wrong.token"))
    with pytest.raises(SettingsError, match=r"discord\.token is missing"):
        await links(DiscordSettings())


async def test_without_network() -> None:
    with pytest.raises(OperatorError, match="Discord can't be reached"):
        async with asyncio.timeout(60):
            await links(DiscordSettings(token=SecretStr("x.y.z"), api_base="http://127.0.0.1:9"))


async def invite(folder: Path, **environment: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "--data-dir", str(folder), "discord", "invite"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode, out.decode(), errors.decode()


async def test_the_command_prints_them(tmp_path: Path) -> None:
    async with FakeDiscord() as fake:
        base = {"MYNAH_DISCORD__API_BASE": fake.api_base}
        code, out, errors = await invite(tmp_path, MYNAH_DISCORD__TOKEN=fake.token, **base)
        assert (code, errors) == (0, "")
        assert out.count(f"\n  https://discord.com/oauth2/authorize?client_id={fake.application_id}") == 2
        code, out, errors = await invite(tmp_path, MYNAH_DISCORD__TOKEN="MTIzNDU2.wrong.token", **base)
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert "Discord doesn't know this token" in errors
    assert "wrong" not in errors
