"""What every PostSource does, whatever is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import UserError
from bot.ports import PostSource, unheard
from bot.sources.files import FileSource, file_reference
from bot.sources.samples import SampleSource
from bot.sources.stored import StoredSource
from bot.sources.zstd import write_posts
from trainer.corpus import Post

N_POSTS = 500


@dataclass(frozen=True)
class Case:
    """A source that has at least N_POSTS posts of `account` and none of `missing`; `by_handle`: it can look it up."""

    source: PostSource
    account: AccountSource
    missing: AccountSource
    by_handle: bool = True


def _write(path: Path) -> Path:
    start = datetime(2020, 1, 1, tzinfo=UTC)
    dates = [start + timedelta(days=day) for day in range(N_POSTS)]
    write_posts(path, [Post(f"{date} " + "x" * 900, created_at=date) for date in dates])
    return path


def _file(folder: Path) -> Case:
    path = _write(folder / "pip.jsonl")
    return Case(FileSource(), file_reference("pip", path), AccountSource("bob", f"file:{folder}/bob.jsonl"), False)


def _sample(folder: Path) -> Case:
    account = AccountSource("ladle_in_orbit", "sample:ladle_in_orbit")
    return Case(SampleSource(), account, AccountSource("bob", "sample:bob"))


def _stored(folder: Path) -> Case:
    name = "personas/bob-pip/posts/pip.jsonl"
    _write(folder / name)
    missing = AccountSource("bob", "stored:personas/bob-pip/posts/bob.jsonl")
    return Case(StoredSource(folder), AccountSource("pip", f"stored:{name}"), missing)


@pytest.fixture(params=[_file, _sample, _stored])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    build: Callable[[Path], Case] = request.param
    return build(tmp_path)


def test_a_known_account_is_found(case: Case) -> None:
    assert case.source.resolve(case.account.handle) == (case.account if case.by_handle else None)


@pytest.mark.parametrize("handle", ["bob", "", "..", "../pip", "*", "pip/"])
def test_an_unknown_account_is_not(case: Case, handle: str) -> None:
    assert case.source.resolve(handle) is None


@pytest.mark.asyncio
async def test_posts_newest_first_up_to_the_limit(case: Case) -> None:
    everything = await case.source.fetch(case.account, 0, unheard)
    assert len(everything) >= N_POSTS
    assert all(isinstance(post, Post) and post.text for post in everything)
    dates = [post.created_at for post in everything if post.created_at]
    assert len(dates) == len(everything)
    assert dates == sorted(dates, reverse=True)
    assert await case.source.fetch(case.account, 10, unheard) == everything[:10]
    assert await case.source.fetch(case.account, 10**6, unheard) == everything


@pytest.mark.asyncio
async def test_progress_only_grows_and_ends_at_the_total(case: Case) -> None:
    calls: list[tuple[int, int]] = []
    await case.source.fetch(case.account, 0, lambda done, total, wait=None: calls.append((done, total)))
    assert calls
    assert calls == sorted(calls)
    assert len({total for _, total in calls}) == 1
    assert calls[-1][0] == calls[-1][1]


@pytest.mark.asyncio
def test_what_is_at_hand_can_be_looked_up(case: Case) -> None:
    """A file that a person named is theirs to name again."""
    assert (case.account in case.source.at_hand()) == case.by_handle


async def test_missing_posts_are_the_persons_to_hear_of(case: Case) -> None:
    for account in (case.missing, AccountSource("bob", "nonsense"), AccountSource("bob", "nonsense:bob")):
        with pytest.raises(UserError) as caught:
            await case.source.fetch(account, 0, unheard)
        assert str(caught.value).endswith(".")


@pytest.mark.asyncio
async def test_cancelling_is_prompt(case: Case) -> None:
    task = asyncio.create_task(case.source.fetch(case.account, 0, unheard))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)
