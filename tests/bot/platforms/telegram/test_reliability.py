"""What Telegram, the network and kills do to a bot."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.errors import SettingsError
from bot.platforms.telegram import connection
from bot.platforms.telegram.connection import make_connection, run_telegram
from bot.settings import TelegramSettings
from tests.bot.platforms.telegram.test_say import SAID
from tests.bot.platforms.telegram.town import Town, connected, town, whole
from tests.doubles.generator import generated
from tests.doubles.telegram import Fault, Rates
from trainer.protocol import Piece


async def once(place: Town) -> str:
    """One /say in the group; returns what the group reads of it, after another one shows that nothing else comes."""
    before = len(place.group.sent)
    await place.ask("/say My dream is")
    await place.ask("/say Hi", chat=place.alone)
    return "|".join(message.html for message in place.group.sent[before:])


@pytest.mark.parametrize("kind", ["server_error", "cut", "flood", "lost", "lost_cut"])
@pytest.mark.parametrize("times", [1, 2])
async def test_an_answer_is_given_once_whatever_happens_to_it(place: Town, kind: str, times: int) -> None:
    await place.persona()
    place.fake.faults.next("sendMessage", *[Fault(kind)] * times)  # type: ignore[arg-type]
    assert await once(place) == SAID


@pytest.mark.parametrize("kind", ["lost", "lost_cut"])
async def test_a_lost_answer_is_found_among_other_messages(place: Town, kind: str) -> None:
    await place.persona()
    place.fake.faults.next("sendMessage", Fault(kind))  # type: ignore[arg-type]
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: len(chat.sent) > before)
    for _ in range(5):
        await place.fake.write(place.ben, place.group, "others talk on")
    await place.ask("/say Hi", chat=place.alone)
    await asyncio.sleep(0.8)
    assert [message.html for message in place.group.sent[before:]] == [SAID]


@pytest.mark.parametrize("kind", ["server_error", "cut", "flood", "lost", "lost_cut"])
async def test_the_last_state_always_arrives(place: Town, kind: str) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append([Piece(id=0, sample=0, text=" to"), gate, generated("My dream is to sail")])
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: " ▌" in chat.sent[-1].plain)
    place.fake.faults.next("editMessageText", *[Fault(kind)] * 2)  # type: ignore[arg-type]
    gate.set()
    await place.group.until(lambda chat: "to sail\n" in chat.sent[-1].plain)
    assert len(place.group.sent) == before + 1


async def test_flood_control_of_a_chat_delays_that_chat_only(place: Town) -> None:
    await place.persona()
    place.fake.faults.next("sendMessage", Fault("flood", retry_after=2))
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.fake.until(lambda: place.fake.faults.injected)
    await place.fake.write(place.ben, place.group, "/say Second")
    assert (await place.ask("Hi", chat=place.alone)).bold() == ["Hi"]
    assert len(place.group.sent) == before
    await place.group.until(lambda chat: len(chat.sent) == before + 2)
    assert [message.bold() for message in place.group.sent[before:]] == [["My dream is"], ["Second"]]


async def test_the_network_is_gone_for_a_while(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append([gate, generated("My dream is soup.")])
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: chat.action == "typing")
    async with place.fake.unreachable():
        gate.set()
        await place.fake.write(place.ben, place.group, "/say Second")
        await asyncio.sleep(1.5)
    await place.group.until(lambda chat: len(chat.sent) == before + 2)
    assert sorted(message.bold() for message in place.group.sent[before:]) == [["My dream is"], ["Second"]]


async def test_a_message_that_is_gone_is_sent_again(place: Town) -> None:
    await place.persona()
    gate = asyncio.Event()
    place.service.generator.answers.append([Piece(id=0, sample=0, text=" to"), gate, generated("My dream is to sail")])
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: " ▌" in chat.sent[-1].plain)
    place.fake.delete(place.group.sent[-1])
    gate.set()
    await place.group.until(lambda chat: "to sail\n" in chat.sent[-1].plain)


async def test_who_is_in_the_middle_of_something_at_a_stop_is_answered_by_the_next_start(
    place: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "GRACE_SECONDS", 0.1)
    await place.persona()
    never = asyncio.Event()
    place.service.generator.answers += [
        [Piece(id=0, sample=0, text=" to"), never, generated("never")],
        [never, generated("never")],
    ]
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    await place.group.until(lambda chat: " ▌" in chat.sent[-1].plain)
    await place.fake.write(place.ann, place.alone, "Hi")
    await place.alone.until(lambda chat: chat.draft == "")
    async with place.restarted():
        await place.group.until(lambda chat: chat.sent[-1].html == SAID)
        await place.alone.until(lambda chat: [message.bold() for message in chat.sent] == [["Hi"]])
        await place.ask("/say Hi")
        assert len(place.group.sent) == before + 2
    async with place.restarted():
        await place.ask("/say Hi")
        assert len(place.group.sent) == before + 3


async def test_updates_that_come_twice_are_dealt_with_once(place: Town) -> None:
    await place.persona()
    place.fake.faults.next("getUpdates", None, Fault("lost"))
    before = len(place.group.sent)
    await place.ask("/say My dream is")
    await place.ask("/say Hi")
    assert len(place.group.sent) == before + 2
    handed = place.fake.updates.handed_out
    await place.running.aclose()
    letters = await place.service.store.database.fetch("SELECT number, content FROM inbox")
    assert {row["number"] for row in letters} <= set(handed)
    assert {row["content"] for row in letters} == {None}


async def test_what_is_not_meant_for_it_is_not_stored(place: Town) -> None:
    await place.persona()
    place.fake.privacy = False
    for text in ("nothing for a bot", "/say@other_bot Hi"):
        await place.fake.write(place.ben, place.group, text)
    await place.ask("/say My dream is")
    rows = await place.service.store.database.fetch("SELECT number FROM inbox ORDER BY number")
    assert len(rows) == len(place.fake.updates.handed_out) - 2 - 1  # and the message that it was added


async def test_an_update_over_which_processes_die_is_given_up(place: Town, caplog: pytest.LogCaptureFixture) -> None:
    inbox = place.service.services.inbox
    await place.running.aclose()
    before = len(place.group.sent)
    await place.fake.write(place.ann, place.group, "/say My dream is")
    update = place.fake.updates.pending[-1]
    await inbox.keep(update.id, json.dumps(update.payload()))
    await inbox.keep(5, "no update")
    for _ in range(2):
        assert [letter.number for letter in await inbox.reopen()] == [update.id, 5]
    async with connected(place.fake, place.service):
        assert (await whole(place.group, before)).text == "I have failed at that several times, and give up."
    assert f"update {update.id} is given up" in caplog.text
    assert await inbox.reopen() == []


async def test_a_webhook_with_its_secret(tmp_path: Path) -> None:
    port = free_port()
    webhook = {"webhook_url": f"http://127.0.0.1:{port}/hook", "webhook_port": port, "webhook_secret": "s3cret"}
    async with town(tmp_path / "data", telegram=webhook) as place:
        await place.persona()
        assert (await place.ask("/say My dream is")).html == SAID
        before = len(place.group.sent)
        async with place.restarted():
            await place.ask("/say Hi")
        assert len(place.group.sent) == before + 1
        assert place.fake.calls("getUpdates") == []


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


async def test_a_port_that_is_taken_is_told(tmp_path: Path, place: Town) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = with_settings(place, webhook_url="https://bot.example/hook", webhook_port=port)
        with pytest.raises(SettingsError, match=rf"webhook_port: 127.0.0.1:{port} can't be listened at"):
            await run_telegram(make_connection(settings.service.services))


def with_settings(place: Town, **telegram: object) -> Town:
    services = place.service.services
    changed = services.settings.telegram.model_copy(update=telegram)
    services.live.now = services.settings.model_copy(update={"telegram": changed})
    return place


@pytest.mark.parametrize("token", ["wrong", "hello world", "123:abc"])
async def test_a_wrong_token_is_told_and_never_shown(place: Town, token: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with_settings(place, token=SecretStr(token))
    with pytest.raises(SettingsError, match="Telegram doesn't know this token") as raised:
        await run_telegram(make_connection(place.service.services))
    assert token not in str(raised.value)


async def test_another_server_than_telegrams_is_told(place: Town) -> None:
    with_settings(place, api_base=place.fake.base + "/nothing/bot")
    with pytest.raises(SettingsError, match="telegram"):
        await run_telegram(make_connection(place.service.services))


async def test_a_secret_that_telegram_would_refuse_is_not_shown() -> None:
    with pytest.raises(ValueError, match="Telegram takes 1 to 256 letters"):
        TelegramSettings.model_validate({"webhook_secret": "spaces are wrong"})


async def test_it_waits_for_telegram_at_the_start(place: Town) -> None:
    await place.persona()
    await place.running.aclose()
    place.fake.faults.next("getMe", Fault("server_error"), Fault("cut"))
    place.fake.faults.next("deleteWebhook", Fault("server_error"))
    async with connected(place.fake, place.service):
        assert (await place.ask("/say My dream is")).html == SAID


async def test_without_drafts_it_types_and_answers(place: Town) -> None:
    """Bot API servers of people's own may be older."""
    await place.persona()
    place.fake.faults.next("sendMessageDraft", *[Fault("refused", status=404, description="Not Found")] * 3)
    gate = asyncio.Event()
    place.service.generator.answers.append([Piece(id=0, sample=0, text=" to"), gate, generated("My dream is to sail")])
    await place.fake.write(place.ann, place.alone, "My dream is")
    await place.alone.until(lambda chat: chat.action == "typing")
    gate.set()
    assert (await whole(place.alone, 0)).text.startswith("My dream is to sail")


async def test_a_storm_of_faults_loses_and_doubles_nothing(place: Town) -> None:
    await place.persona()
    place.fake.faults.rates = Rates(server_errors=0.05, lost=0.03, floods=0.05, cuts=0.03, seed=3)
    before = len(place.group.sent)
    for n in range(12):
        await place.fake.write(place.ben, place.group, f"/say Number {n}")
    await place.group.until(lambda chat: len(chat.sent) >= before + 12, 60)
    place.fake.faults.rates = Rates()
    await place.ask("/say Hi", chat=place.alone)
    said = sorted(message.bold()[0] for message in place.group.sent[before:])
    assert said == sorted(f"Number {n}" for n in range(12))


def test_a_token_from_a_file_may_end_with_a_line() -> None:
    token = TelegramSettings.model_validate({"token": " 123:abc\n"}).token
    assert token is not None
    assert token.get_secret_value() == "123:abc"
