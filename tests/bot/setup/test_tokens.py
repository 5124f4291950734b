from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.settings import DiscordSettings, HubSettings, TelegramSettings, XSettings
from bot.setup import tokens
from bot.setup.check import State
from bot.setup.clock import ahead, clock
from bot.setup.tokens import discord_token, hub_token, telegram_token, x_token
from tests.doubles.discord import FakeDiscord
from tests.doubles.hub import FakeHub
from tests.doubles.networks import FakeX
from tests.doubles.networks.seen import Params, Reply, as_json
from tests.doubles.networks.server import Handler
from tests.doubles.telegram import FakeTelegram

NOWHERE = "http://127.0.0.1:9"
WRONG = "123456:wrong"


class CountingX(FakeX):
    """With what X says of an app's use."""

    def routes(self) -> dict[str, Handler]:
        def usage(parts: object, params: Params) -> Reply:
            return as_json({"data": {"cap_reset_day": 10, "project_cap": "2000000", "project_usage": "43435"}})

        return {**super().routes(), "/2/usage/tweets": usage}


def discord(base: str, token: str) -> DiscordSettings:
    return DiscordSettings(token=SecretStr(token), api_base=base)


def telegram(base: str, token: str) -> TelegramSettings:
    return TelegramSettings(token=SecretStr(token), api_base=base)


async def test_discord_says_who_the_bot_is_and_what_time_it_is() -> None:
    async with FakeDiscord() as fake:
        right = await discord_token(discord(fake.api_base, fake.token))
        refused = (await discord_token(discord(fake.api_base, WRONG))).check
        broken = (await discord_token(discord(fake.api_base, "a\nb"))).check
    assert right.check.state is State.OK
    assert right.check.text.startswith("the bot is ")
    assert right.difference is not None
    assert abs(right.difference) < timedelta(minutes=1)
    for check in (refused, broken):
        assert (check.state, check.text) == (State.ERROR, "discord.token: Discord doesn't know this token")
        assert "Reset Token" in check.fix


async def test_telegram_says_who_the_bot_is() -> None:
    async with FakeTelegram() as fake:
        right = await telegram_token(telegram(fake.api_base, fake.token))
        refused = [(await telegram_token(telegram(fake.api_base, token))).check for token in (WRONG, "no token")]
    assert (right.check.state, right.check.text[:12]) == (State.OK, "the bot is @")
    assert right.difference is not None
    for check in refused:
        assert check.state is State.ERROR
        assert "@BotFather" in check.fix


async def test_x_is_asked_for_nothing_that_costs() -> None:
    async with CountingX() as fake:
        right = (await x_token(XSettings(token=SecretStr(fake.token), api_base=fake.url))).check
        refused = (await x_token(XSettings(token=SecretStr("wrong"), api_base=fake.url))).check
        assert [seen.path for seen in fake.requests] == ["/2/usage/tweets"] * 2
        assert (fake.bill.posts, fake.bill.users) == (0, 0)
    assert (right.state, "43435" in right.text) == (State.OK, True)
    assert (refused.state, "console.x.com" in refused.fix) == (State.ERROR, True)
    async with FakeX() as fake:  # without that route
        unknown = (await x_token(XSettings(token=SecretStr(fake.token), api_base=fake.url))).check
    assert (unknown.state, unknown.text) == (State.WARNING, "can't be checked: X answers 404")


async def test_the_hub_says_whose_token_it_is() -> None:
    async with FakeHub() as fake:
        right = (await hub_token(HubSettings(token=SecretStr("pips-token"), endpoint=fake.url))).check
        refused = (await hub_token(HubSettings(token=SecretStr("wrong"), endpoint=fake.url))).check
    assert (right.state, right.text) == (State.OK, "the token is pip's")
    assert (refused.state, "settings/tokens" in refused.fix) == (State.ERROR, True)


@pytest.mark.parametrize("token", ["a-secret\n-token", "a-secret\0-token", "a-secret-tökén", "a-secret-\x7ftoken"])
async def test_a_token_that_no_request_can_carry_is_not_sent_or_shown(token: str) -> None:
    async with CountingX() as x, FakeHub() as hub, FakeDiscord() as fake_discord, FakeTelegram() as fake_telegram:
        asked = await asyncio.gather(
            x_token(XSettings(token=SecretStr(token), api_base=x.url)),
            hub_token(HubSettings(token=SecretStr(token), endpoint=hub.url)),
            discord_token(discord(fake_discord.api_base, token)),
            telegram_token(telegram(fake_telegram.api_base, token)),
        )
        assert x.requests == []
    for one in asked:
        assert one.check.state is State.ERROR
        assert "secret" not in repr(one.check)


async def test_nobody_there_is_a_warning_and_no_token_is_shown() -> None:
    secret = "987654:A-secret-token"
    token = SecretStr(secret)
    asked = await asyncio.gather(
        discord_token(discord(NOWHERE, secret)),
        telegram_token(telegram(f"{NOWHERE}/bot", secret)),
        x_token(XSettings(token=token, api_base=NOWHERE)),
        hub_token(HubSettings(token=token, endpoint=NOWHERE)),
    )
    for one in asked:
        assert one.check.state is State.WARNING
        assert "can't be reached" in one.check.text
        assert secret not in f"{one.check}"
        assert one.difference is None


async def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "SECONDS", 0.05)
    async with FakeTelegram() as fake:
        with fake.faults.hold("getMe"):
            asked = await telegram_token(telegram(fake.api_base, fake.token))
    assert (asked.check.state, "no answer in" in asked.check.text) == (State.WARNING, True)


async def test_without_tokens_nobody_is_asked() -> None:
    asked = await asyncio.gather(
        discord_token(DiscordSettings(api_base=NOWHERE)),
        telegram_token(TelegramSettings(api_base=NOWHERE)),
        x_token(XSettings(api_base=NOWHERE)),
        hub_token(HubSettings(endpoint=NOWHERE)),
    )
    assert {one.check.state for one in asked} == {State.OK}


def test_the_clock_is_compared_with_those_who_answered() -> None:
    now = datetime(2026, 5, 1, 12, 0, 20, tzinfo=UTC)
    right, late = (ahead(f"Fri, 01 May 2026 12:{minute}:00 GMT", now) for minute in ("00", "05"))
    assert (right, late) == (timedelta(seconds=20), timedelta(seconds=-280))
    assert clock([None, right], now).state is State.OK
    behind = clock([late, None], now)
    assert (behind.state, "280 s behind" in behind.text) == (State.WARNING, True)
    assert ahead("nonsense", now) is ahead(None, now) is None


def test_a_clock_that_nobody_was_asked_about_is_later_than_the_installation() -> None:
    assert clock([None], datetime.now(UTC)).state is State.OK
    assert clock([], datetime(2001, 1, 1, tzinfo=UTC)).state is State.ERROR
