from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bot.commands import COMMANDS, find_command, forget_question
from bot.errors import BadInput
from bot.replies import Help
from bot.usecases.personas import Forgetting
from tests.builders import manifest
from tests.doubles.dialog import RecordingDialog
from tests.doubles.service import CALLER, FakeService

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_is(name: str) -> None:
    command = COMMANDS[name]
    assert command.name == name
    assert command.usage.split()[0] == f"/{name}"
    assert command.summary
    assert f"/{name}" in README.read_text(encoding="utf-8")


def test_no_command_begins_another_one() -> None:
    """Or else Tab could not tell them apart by their first letters."""
    assert all(not a.startswith(b) for a in COMMANDS for b in COMMANDS if a != b)


@pytest.mark.parametrize(
    ("line", "name", "rest"),
    [
        ("/say My dream is", "say", "My dream is"),
        ("  /SAY  My  dream ", "say", "My  dream"),
        ("/say\tMy dream", "say", "My dream"),
        ("say hello", "say", "hello"),
        ("/personas", "personas", ""),
        ("/card @pip", "card", "@pip"),
    ],
)
def test_finding_a_command(line: str, name: str, rest: str) -> None:
    command, text = find_command(line)
    assert (command.name, text.strip()) == (name, rest)


@pytest.mark.parametrize("line", ["/dance", "/", "", "//say hello", "/say! hello", "/" + "x" * 10_000])
def test_a_command_that_there_is_not(line: str) -> None:
    with pytest.raises(BadInput, match="/help lists them") as caught:
        find_command(line)
    assert len(str(caught.value)) < 100


async def run(service: FakeService, line: str, *answers: bool) -> RecordingDialog:
    dialog = RecordingDialog(answers=list(answers))
    command, text = find_command(line)
    await command.run(service.services, CALLER, dialog, command.parse(text))
    return dialog


async def test_help_lists_every_command(service: FakeService) -> None:
    (reply,) = (await run(service, "/help")).replies
    assert isinstance(reply, Help)
    assert [usage for usage, _ in reply.commands] == [command.usage for command in COMMANDS.values()]


async def test_training_tells_the_job_and_its_place(service: FakeService) -> None:
    assert (await run(service, "/train @pip")).texts == ["Training @pip (job 1). /cancel 1 stops it."]
    assert (await run(service, "/train @bob @ladle")).texts == [
        "Training @bob-ladle (job 2, 2nd in the queue). /cancel 2 stops it."
    ]


async def test_saying_streams_and_replies(service: FakeService) -> None:
    await service.add_persona("pip")
    dialog = await run(service, "/say My dream is --n 2")
    assert dialog.texts == ["@pip · written by a machine\n  1. My dream is soup.\n  2. My dream is soup."]


async def test_lists(service: FakeService) -> None:
    assert (await run(service, "/personas")).texts == ["No persona yet. Train one: /train @pip_the_lighthouse"]
    assert (await run(service, "/jobs")).texts == ["No trainings yet."]
    await service.add_persona("pip")
    await run(service, "/say hello")
    await service.add_job("bob")
    assert "▸ @pip" in (await run(service, "/personas")).texts[0]
    assert re.search(r"1 +@bob +queued +just now", (await run(service, "/jobs")).texts[0])


async def test_cancelling(service: FakeService) -> None:
    await service.add_job("pip")
    assert (await run(service, "/cancel 1")).texts == ["Job 1 (@pip) is cancelled."]


async def test_forgetting_asks_first(service: FakeService) -> None:
    await service.add_persona("pip")
    dialog = await run(service, "/forget @pip", False)
    assert dialog.texts == ["@pip stays."]
    assert dialog.questions[0].startswith("Forget @pip? This deletes")
    assert await service.store.persona("pip")
    dialog = await run(service, "/forget @pip", True)
    assert dialog.texts == ["@pip is forgotten: posts, corpus and weights are gone."]
    assert await service.store.persona("pip") is None


async def test_forgetting_for_sure_does_not_ask(service: FakeService) -> None:
    await service.add_persona("pip")
    assert (await run(service, "/forget @pip --yes")).questions == []


async def test_the_question_names_what_goes_and_what_stays(service: FakeService) -> None:
    assert manifest("pip").corpus.accounts[0].downloaded == 100
    assert forget_question(Forgetting("pip", 2_500_000, 1_200, (), None)) == (
        "Forget @pip? This deletes 2.5 MB of weights and 1,200 posts for good."
    )
    job = await service.add_job("pip")
    assert forget_question(Forgetting("pip", 0, 0, ("bob-pip", "ladle-pip"), job)) == (
        "Forget @pip? This deletes 0 kB of weights and 0 posts for good. Its training (job 1) is cancelled. "
        "Its posts are still part of @bob-pip, @ladle-pip; forget those by name."
    )


async def test_status(service: FakeService) -> None:
    await service.add_persona()
    await run(service, "/say @pip tea")
    (text,) = (await run(service, "/status")).texts
    assert "In memory    1 persona," in text
    assert "0 of 1 times" in text


async def test_who_is_named_is_loaded_for_what_comes(service: FakeService) -> None:
    persona = await service.add_persona()
    await run(service, "/card @pip")
    await asyncio.sleep(0.01)
    assert persona.key in service.services.pool.resident


async def test_what_costs_money_is_asked_about(service: FakeService) -> None:
    service.sources.cost, service.sources.left = 16_000_000, 20_000_000
    with pytest.raises(BadInput, match=r"nothing is read, and nothing spent.* /train @pip --spend 16"):
        await run(service, "/train @pip", False)
    dialog = await run(service, "/train @pip --from posts.txt", True)
    assert dialog.questions == ["Reading 0 posts from X costs about $16.00; $20.00 are left of this month's budget."]
    assert dialog.texts == ["Training @pip (job 1). /cancel 1 stops it."]
    assert (await service.job(1)).accounts[0].reference == "file:posts.txt"  # the file is not forgotten over it
