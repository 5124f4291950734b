"""`mynah sources`"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.cli.main import main
from bot.domain import Purchase
from bot.folders import Folders
from bot.sources.networks.x_budget import utc_now
from bot.store.spending import SqliteSpending
from bot.store.sqlite import SqliteStore

PRICES = {"posts": 5_000, "users": 10_000}
Mynah = Callable[..., str]


@pytest.fixture
def mynah(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mynah:
    """The command; returns what it prints."""

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["mynah", "--data-dir", str(tmp_path), *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        out, errors = capsys.readouterr()
        assert (end.value.code, errors) == (0, "")
        return out

    monkeypatch.setenv("COLUMNS", "120")
    return call


async def buy(folder: Path, *bought: tuple[str, str, str, int]) -> None:
    """(month, account, kind, how many)"""
    async with SqliteStore.open(Folders(folder).database) as store:
        for month, account, kind, n in bought:
            purchase = Purchase("x", month, account, kind, n, PRICES[kind])
            assert await SqliteSpending(store.database).reserve(purchase, 10**9) is not None


@pytest.mark.parametrize(("columns", "widest"), [("120", 80), ("60", 60)])
def test_each_source_with_what_an_operator_needs_to_know(
    mynah: Mynah, monkeypatch: pytest.MonkeyPatch, columns: str, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    out = mynah("sources")
    assert max(map(len, out.splitlines())) <= widest
    for name in ("Files: on", "X: off: set sources.x.token", "Bluesky: on", "Mastodon: off"):
        assert f"\n{name}" in f"\n{out}"
    for label in ("like", "cost", "login", "terms"):
        assert out.count(f"\n  {label} ") == 6
    assert "$0.005 a post" in out


def test_the_list_for_programs_has_all_of_it(mynah: Mynah) -> None:
    found = {one["name"]: one for one in json.loads(mynah("sources", "--json"))}
    assert {"Files", "Samples", "X", "Bluesky", "Mastodon"} <= found.keys()
    assert set(found["X"]) == {"name", "state", "example", "cost", "login", "terms"}


def test_nothing_was_bought(mynah: Mynah) -> None:
    assert mynah("sources", "usage") == ("Nothing was read from X.\n$20.00 are left of this month's budget, $20.00.\n")


def test_usage_by_month_and_account(mynah: Mynah, tmp_path: Path) -> None:
    now = f"{utc_now():%Y-%m}"
    asyncio.run(
        buy(
            tmp_path,
            (now, "keeper", "users", 1),
            (now, "keeper", "posts", 552),
            (now, "alice", "posts", 1200),
            ("2020-01", "keeper", "posts", 2),
        )
    )
    lines = [line.split() for line in mynah("sources", "usage").splitlines()]
    assert lines[0] == [f"{now}:", "$8.77"]
    assert lines[1] == ["account", "look-ups", "posts", "cost"]
    assert lines[3:5] == [["@alice", "0", "1,200", "$6.00"], ["@keeper", "1", "552", "$2.77"]]
    assert ["2020-01:", "$0.01"] in lines
    assert lines[-1][0] == "$11.23"
    facts = json.loads(mynah("sources", "usage", "--json"))
    assert (facts["budget"], facts["left"], [one["month"] for one in facts["months"]]) == (20, 11.23, [now, "2020-01"])
    assert facts["months"][0] == {
        "month": now,
        "dollars": 8.77,
        "accounts": [
            {"account": "alice", "lookups": 0, "posts": 1200, "dollars": 6.0},
            {"account": "keeper", "lookups": 1, "posts": 552, "dollars": 2.77},
        ],
    }
