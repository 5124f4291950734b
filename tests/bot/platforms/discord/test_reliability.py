"""What Discord, the network and other people do to a bot."""

from __future__ import annotations

import asyncio
import socket

import pytest
from aiohttp import web

from bot.platforms.discord import desk
from bot.platforms.discord.connection import away, reach
from bot.platforms.handling import patiently
from bot.settings import DiscordSettings
from tests.bot.platforms.discord.harbour import Harbour, answered
from tests.bot.platforms.discord.test_say import SAID
from tests.doubles.discord import Asked, Rates
from tests.doubles.generator import generated


async def say(place: Harbour, prompt: str = "My dream is") -> Asked:
    return await place.fake.slash(place.ben, place.general, "say", prompt=prompt)


async def test_a_duplicate_is_not_answered_twice(place: Harbour) -> None:
    await place.persona()
    await answered(await say(place))
    await place.fake.duplicate()
    await answered(await say(place))
    assert len(place.service.generator.requests) == 2
    assert len(place.general.messages) == 2


async def test_what_was_asked_while_the_connection_was_down_is_answered(place: Harbour) -> None:
    await place.persona()
    await place.fake.drop(resumable=True)
    asked = await say(place)
    assert (await answered(asked)).content == SAID
    assert place.fake.connections.resumed == 1


async def test_a_lost_session_is_begun_anew(place: Harbour) -> None:
    await place.persona()
    before = place.fake.connections.identified
    await place.fake.ask_reconnect()
    await place.fake.until(lambda: place.fake.connections.resumed == 1)
    await place.fake.drop(resumable=False)
    await place.fake.until(lambda: place.fake.connections.identified > before, timeout=20)
    assert (await answered(await say(place))).content == SAID


async def test_an_answer_that_arrived_though_discord_said_500_is_not_given_twice(place: Harbour) -> None:
    await place.persona()
    place.fake.faults.fail("POST", r"/interactions/.*/callback", 500, after=True)
    asked = await say(place)
    assert (await answered(asked)).content == SAID
    await answered(await say(place))
    assert len(place.general.messages) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_server_errors_are_sat_out(place: Harbour, status: int) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append([gate, generated("My dream is soup.")])
    asked = await say(place)
    await asked.acknowledged()
    place.fake.faults.fail("PATCH", r"/messages/@original", status, times=2)
    gate.set()
    assert (await answered(asked)).content == SAID


async def test_rate_limits_are_waited_for(place: Harbour) -> None:
    await place.persona()
    place.fake.faults.fail("POST", r"/callback", 429, times=2)
    assert (await answered(await say(place))).content == SAID


async def test_an_interaction_that_came_too_late_is_answered_in_its_channel(place: Harbour) -> None:
    await place.persona()
    place.fake.faults.fail("POST", r"/callback", 404, code=10062, message="Unknown interaction")
    await say(place)
    await place.general.until(lambda messages: [message.content for message in messages] == [SAID])


async def test_a_token_that_died_loses_no_job(place: Harbour) -> None:
    place.service.trainer.gate.clear()
    await place.fake.slash(place.ann, place.general, "train", handle="pip")
    await place.general.until(lambda messages: len(messages) == 1)
    place.fake.clock.advance(16 * 60)
    place.service.trainer.gate.set()
    await place.general.until(lambda messages: bool(messages) and "**@pip** is ready." in messages[-1].text)


async def test_an_answer_after_the_tokens_death_is_given_up_quietly(
    place: Harbour, caplog: pytest.LogCaptureFixture
) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append([gate, generated("My dream is soup.")])
    asked = await say(place)
    await asked.acknowledged()
    place.fake.clock.advance(16 * 60)
    gate.set()
    while "Discord refused an answer" not in caplog.text:
        await asyncio.sleep(0.01)
    assert (await answered(await say(place))).content == SAID


async def test_commands_are_told_once_and_again_when_they_change(place: Harbour) -> None:
    assert place.fake.syncs == 1
    names = {(one["type"], one["name"]) for one in place.fake.commands}
    assert (1, "say") in names
    assert (3, "Continue this") in names
    async with place.restarted():
        assert place.fake.syncs == 1
        place.client.tree.remove_command("jobs")
        await place.client.sync()
        assert place.fake.syncs == 2


async def test_only_the_intents_needed_and_no_message_content(place: Harbour) -> None:
    guilds, guild_messages, direct_messages = 1 << 0, 1 << 9, 1 << 12
    assert place.fake.connections.intents == guilds | guild_messages | direct_messages


async def test_random_trouble_loses_and_doubles_nothing(place: Harbour) -> None:
    """A small version of `python -m benchmarks.discord_load --only faults`."""
    await place.persona()
    place.fake.faults.rest = Rates(server_error=0.05, rate_limited=0.05, seed=3)
    asked = [await say(place, f"Number {n} is") for n in range(40)]
    for one in asked:
        assert (await answered(one)).content.startswith("**Number")
    place.fake.faults.clear()
    assert len(place.general.messages) == 40


async def test_an_error_inside_is_told_and_logged(place: Harbour, caplog: pytest.LogCaptureFixture) -> None:
    await place.persona()
    place.service.generator.answers.append([RuntimeError("oops")])
    asked = await say(place)
    message = await answered(asked)
    assert (
        message.content == "Something went wrong inside (RuntimeError); the operator's log has the details. Try again."
    )
    assert asked.ephemeral
    assert "oops" in caplog.text


async def test_those_who_wait_are_told_of_a_restart(place: Harbour, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "GRACE_SECONDS", 0.1)
    await place.persona()
    place.service.generator.answers.append([asyncio.Event()])
    asked = await say(place)
    await asked.acknowledged()
    async with place.restarted():
        assert (await answered(asked)).content == "I'm being restarted. Please ask again in a moment."


async def test_discord_that_is_down_at_the_start_is_waited_for(place: Harbour) -> None:
    await place.persona()
    place.fake.faults.fail("GET", "/users/@me", 503)
    place.fake.faults.fail("GET", "/gateway/bot", 503)
    async with place.restarted():
        assert (await answered(await say(place))).content == SAID


async def test_an_old_button_of_another_version(place: Harbour) -> None:
    await place.persona()
    message = await answered(await say(place))
    message.components[0]["components"][0]["custom_id"] = "mynah:dance:pip"
    told = await answered(await place.fake.click(place.ben, message, "mynah:dance"))
    assert told.content == "That button is from another version of me. Please use a command."


async def test_nobody_there_yet(unused_port: int) -> None:
    """The server comes up after the bot has tried once."""
    seen = 0

    async def handle(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        return web.json_response({"url": "ws://127.0.0.1/"})

    settings = DiscordSettings(api_base=f"http://127.0.0.1:{unused_port}")
    waiting = asyncio.create_task(patiently(lambda: reach(settings), away, "Discord"))
    await asyncio.sleep(0.2)
    app = web.Application()
    app.router.add_get("/gateway", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", unused_port).start()
    async with asyncio.timeout(10):
        await waiting
    await runner.cleanup()
    assert seen == 1


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
