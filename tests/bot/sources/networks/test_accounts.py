from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import AccountSource, Profile
from bot.errors import Busy
from bot.ports import unheard
from bot.sources.networks import accounts
from bot.sources.networks.accounts import LONGEST_WAIT, Account, AccountStore, Gap
from trainer.corpus import Post

START = datetime(2026, 1, 1, tzinfo=UTC)


def posts(first: int, last: int) -> list[Post]:
    """Newest first, by id."""
    return [Post(f"post {n}", created_at=START + timedelta(hours=n), id=str(n)) for n in range(last, first - 1, -1)]


@pytest.fixture
def store(tmp_path: Path) -> AccountStore:
    return AccountStore(tmp_path, "x")


def test_nothing_is_known_at_first(store: AccountStore) -> None:
    assert (store.names(), store.has("pip"), store.account("pip"), store.posts("pip")) == ([], False, None, [])
    assert store.profile("pip") is None
    store.settle("pip")
    store.forget("pip")


def test_pages_become_a_part_of_the_whole(store: AccountStore) -> None:
    account = Account(id="1", name="Pip", bio="keeps a light", gaps=(Gap(cursor="6"),))
    store.add("pip", posts(6, 9), account)
    assert store.posts("pip") == posts(6, 9)
    store.settle("pip")
    store.add("pip", posts(1, 7), account.model_copy(update={"gaps": ()}))  # two of them again
    assert store.posts("pip") == posts(1, 9)
    store.settle("pip")
    assert store.posts("pip") == posts(1, 9)
    assert store.account("pip") == account.model_copy(update={"gaps": ()})
    assert store.profile("pip") == Profile("Pip", "keeps a light")
    assert (store.names(), store.source("pip")) == (["pip"], AccountSource("pip", "x:pip"))


def test_a_kill_between_page_and_record_costs_nothing_but_the_page(store: AccountStore, tmp_path: Path) -> None:
    account = Account(id="1", name="Pip")
    store.add("pip", posts(6, 9), account)
    with (tmp_path / "accounts" / "x" / "pip.part.zst").open("ab") as part:
        part.write(b"(\xb5/\xfd half a frame")
    store.settle("pip")
    store.add("pip", posts(1, 5), account)
    assert store.posts("pip") == posts(1, 9)


def test_a_damaged_record_is_none(store: AccountStore, tmp_path: Path) -> None:
    store.save("pip", Account(id="1", name="Pip"))
    (tmp_path / "accounts" / "x" / "pip.json").write_text("{")
    assert store.account("pip") is None


def test_what_a_persona_keeps_is_another_name_of_the_same_file(store: AccountStore, tmp_path: Path) -> None:
    store.add("pip", posts(1, 9), Account(id="1", name="Pip"))
    store.settle("pip")
    kept = tmp_path / "personas" / "pip" / "posts" / "pip.jsonl.zst"
    assert store.holds("pip", posts(1, 9))
    assert not store.holds("pip", posts(1, 8))
    assert store.link("pip", kept)
    assert kept.stat().st_nlink == 2
    store.add("pip", posts(10, 12), Account(id="1", name="Pip"))
    store.settle("pip")
    assert kept.stat().st_nlink == 1  # and has what it had
    assert not store.link("bob", kept.with_name("bob.jsonl.zst"))


def test_forgetting_leaves_nothing(store: AccountStore, tmp_path: Path) -> None:
    store.add("pip-a.example", posts(1, 9), Account(id="1", name="Pip"))
    store.avatar("pip-a.example").write_bytes(b"a picture")
    assert store.names_of("pip_a.example") == ["pip-a.example"]
    store.forget("pip-a.example")
    assert list((tmp_path / "accounts" / "x").iterdir()) == []


async def test_one_reads_at_a_time(store: AccountStore) -> None:
    waits: list[float | None] = []

    async def second() -> None:
        async with store.reading("pip", lambda done, total, wait=None: waits.append(wait)):
            waits.append(None)

    async with store.reading("pip", unheard):
        other = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        assert waits == [LONGEST_WAIT]
        async with store.reading("bob", unheard):
            pass
    await other
    assert waits[-1] is None


async def test_after_a_long_wait_it_is_said(store: AccountStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "LONGEST_WAIT", 0)
    async with store.reading("pip", unheard):
        with pytest.raises(Busy, match="@pip is being read"):
            async with store.reading("pip", unheard):
                pass


def test_forgetting_takes_what_a_kill_left_and_nobody_elses(store: AccountStore, tmp_path: Path) -> None:
    folder = tmp_path / "accounts" / "x"
    store.add("a.example.au", posts(1, 9), Account(id="1", name="Pip"))
    store.settle("a.example.au")
    others = {path.name for path in folder.iterdir()}
    for left in ("a.example.part.zst", ".a.example.jsonl.zst.x_1", ".a.example.lock", "a.example.avatar"):
        (folder / left).write_bytes(b"posts")
    assert store.names_of("a.example") == ["a.example"]
    store.forget("a.example")
    assert {path.name for path in folder.iterdir()} == others
