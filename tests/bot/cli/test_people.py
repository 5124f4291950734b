"""`mynah optout` and `mynah users`, on a folder in which no bot runs."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.domain import AccountSource, Caller, JobState, UserRules
from bot.folders import Folders
from bot.store.chats import SqliteChats
from bot.store.sqlite import SqliteStore
from bot.store.users import SqliteUsers
from bot.usecases.gate import own_space, utc_now
from tests.builders import manifest

BEN = "discord:123456789012345678"
Mynah = Callable[..., tuple[int, str, str]]


@pytest.fixture
def mynah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mynah:
    """The command; returns its exit code, and what it prints on both streams."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["mynah", "--data-dir", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return int(end.value.code or 0), *capsys.readouterr()

    monkeypatch.setenv("COLUMNS", "80")
    return call


async def furnish(folder: Path) -> int:
    """A persona and a blend of @pip, and a training of it that ben waits for."""
    async with SqliteStore.open(Folders(folder).database) as store:
        for name in ("pip", "bob-pip"):
            await store.publish(name, 1, f"personas/{name}/v1", 4, manifest(name))
        caller = Caller("discord", BEN.partition(":")[2], "7", "discord:1")
        return (await store.add_job([AccountSource("pip", "file:/a")], "pip", caller)).id


async def job_state(folder: Path, job: int) -> JobState | None:
    async with SqliteStore.open(Folders(folder).database) as store:
        found = await store.job(job)
        return found.state if found else None


async def rules_of(folder: Path, user: str) -> UserRules:
    async with SqliteStore.open(Folders(folder).database) as store:
        return await SqliteUsers(store.database).user(user)


async def use(folder: Path, user: str, what: str, times: int) -> None:
    async with SqliteStore.open(Folders(folder).database) as store:
        await SqliteChats(store.database).use(own_space(user), what, utc_now().date().isoformat(), times)


# Opt-outs


def test_an_optout_from_beginning_to_end(mynah: Mynah, tmp_path: Path) -> None:
    assert mynah("optout")[1].startswith("Nobody has opted out.")
    job = asyncio.run(furnish(tmp_path))
    code, out, errors = mynah("optout", "add", "@Pip")
    assert (code, errors) == (0, "")
    assert out.splitlines()[:2] == ["@pip is not imitated any more.", f"Job {job} is cancelled."]
    assert "Silent from now on: @bob-pip, @pip." in out
    assert asyncio.run(job_state(tmp_path, job)) is JobState.CANCELLED
    assert mynah("optout", "add", "ladle")[1] == "@ladle is not imitated any more.\n"
    assert json.loads(mynah("optout", "--json")[1]) == [
        {"handle": "ladle", "silent": []},
        {"handle": "pip", "silent": ["bob-pip", "pip"]},
    ]
    rows = [line.split() for line in mynah("optout", "list")[1].splitlines()]
    assert rows[2:] == [["@ladle", "none"], ["@pip", "@bob-pip,", "@pip"]]
    assert mynah("optout", "rm", "@pip")[:2] == (0, "@pip may be imitated again.\n")
    code, out, errors = mynah("optout", "rm", "@pip")
    assert (code, out) == (1, "")
    assert errors == "@pip has not opted out. mynah optout list shows who has.\n"


async def publish(folder: Path, name: str, *handles: str) -> None:
    async with SqliteStore.open(Folders(folder).database) as store:
        await store.publish(name, 1, f"personas/{name}/v1", 4, manifest(*handles))


@pytest.mark.parametrize("given", ["@pip", "@bob-cat"])
def test_a_persona_that_is_only_called_so(mynah: Mynah, tmp_path: Path, given: str) -> None:
    asyncio.run(publish(tmp_path, given[1:], "pip_the_lighthouse"))
    _, out, errors = mynah("optout", "add", given)
    assert f"The persona {given} is made of @pip_the_lighthouse: mynah optout add @pip_the_lighthouse\n" in out + errors
    if not errors:
        assert out.startswith("@pip is not imitated any more.\nNo persona is made of an account @pip. The persona")
    assert "Silent from now on" in mynah("optout", "add", "@pip_the_lighthouse")[1]


@pytest.mark.parametrize(("handle", "message"), [("not a handle", "is not a handle"), ("did:plc:abc", "by its handle")])
def test_an_account_is_a_handle(mynah: Mynah, handle: str, message: str) -> None:
    code, out, errors = mynah("optout", "add", handle)
    assert (code, out, errors.count("\n")) == (1, "", 1)
    assert message in errors


# People


def test_a_block_from_beginning_to_end(mynah: Mynah, tmp_path: Path) -> None:
    assert mynah("users")[1].startswith("You have decided nothing about anybody.")
    job = asyncio.run(furnish(tmp_path))
    out = mynah("users", "block", BEN)[1]
    assert f"{BEN} is blocked" in out
    assert f"mynah jobs cancel {job}" in out
    assert asyncio.run(rules_of(tmp_path, BEN)).blocked
    assert mynah("users", "unblock", BEN)[:2] == (0, f"{BEN} is not blocked any more.\n")
    assert asyncio.run(rules_of(tmp_path, BEN)) == UserRules(BEN)
    code, out, errors = mynah("users", "unblock", BEN)
    assert (code, out) == (1, "")
    assert "is not blocked" in errors


def test_quotas_are_set_shown_and_cleared(mynah: Mynah, tmp_path: Path) -> None:
    assert "no quotas of their own" in mynah("users", "quota", BEN)[1]
    assert asyncio.run(rules_of(tmp_path, BEN)) == UserRules(BEN)
    mynah("users", "quota", BEN, "--generations", "1000", "--trainings", "0")
    asyncio.run(use(tmp_path, BEN, "generation", 7))
    assert mynah("users", "quota", BEN)[1].splitlines() == [
        f"{BEN} has had 7 of 1,000 answers today.",
        f"{BEN} gets no trainings.",
    ]
    assert "7 of 20 answers" in mynah("users", "quota", BEN, "--generations", "20")[1]
    mynah("users", "block", "telegram:-1005")
    facts = {
        "user": BEN,
        "blocked": False,
        "generations_a_day": 20,
        "trainings_a_day": 0,
        "generations_today": 7,
        "trainings_today": 0,
    }
    assert json.loads(mynah("users", "--json")[1])[0] == facts
    assert json.loads(mynah("users", "quota", BEN, "--json")[1]) == facts
    lines = mynah("users", "list")[1].splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.split() for line in lines[2:]] == [
        [BEN, "no", "7", "of", "20", "none"],
        ["telegram:-1005", "yes", "–", "–"],
    ]
    assert "no quotas of their own" in mynah("users", "quota", BEN, "--clear")[1]
    assert [one["user"] for one in json.loads(mynah("users", "--json")[1])] == ["telegram:-1005"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["quota", "alice"], 1, "'alice' names nobody"),
        (["block", "slack:1"], 1, "'slack:1' names nobody"),
        (["unblock", "discord:ben"], 1, "'discord:ben' names nobody"),
        (["quota", BEN, "--generations", "-1"], 2, "--generations"),
        (["quota", BEN, "--trainings", "many"], 2, "--trainings"),
        (["quota", BEN, "--clear", "--trainings", "1"], 2, "--clear"),
        (["block"], 2, "Missing argument"),
    ],
)
def test_wrong_things(mynah: Mynah, tmp_path: Path, arguments: list[str], code: int, message: str) -> None:
    done = mynah("users", *arguments)
    assert done[:2] == (code, "")
    assert message in done[2]
    assert asyncio.run(rules_of(tmp_path, BEN)) == UserRules(BEN)
