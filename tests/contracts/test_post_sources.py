"""What every PostSource does, whatever is behind it."""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import AccountSource
from bot.errors import UserError
from bot.ports import PostSource, unheard
from bot.sources.files import FileSource, file_reference
from bot.sources.samples import SampleSource
from bot.sources.stored import StoredSource
from bot.sources.zstd import write_posts
from tests.bot.sources.networks.town import town
from tests.doubles.networks import (
    BlueskyAccount,
    BlueskyPost,
    FakeBluesky,
    FakeMastodon,
    FakeX,
    MastodonAccount,
    MastodonPost,
    Tweet,
    XAccount,
    lines,
)
from trainer.corpus import Post

N_POSTS = 500
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


@dataclass(frozen=True)
class Case:
    """A source that has at least N_POSTS posts of `account` and none of `missing`; `by_handle`: it can look it up."""

    source: PostSource
    account: AccountSource
    missing: AccountSource
    by_handle: bool = True


def _posts() -> Iterator[tuple[int, datetime, str]]:
    """Number, date and text, oldest first."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    for number, line in enumerate(lines(N_POSTS)):
        yield number, start + timedelta(days=number), line + " x" * 400


def _file(folder: Path, path: Path, part: str | None = None) -> Case:
    account = AccountSource("pip", file_reference("pip", path).reference, part=part)
    return Case(FileSource(), account, AccountSource("bob", f"file:{folder}/bob.jsonl"), False)


def _jsonl(folder: Path) -> Case:
    path = folder / "pip.jsonl"
    records = ({"text": text, "created_at": date.isoformat()} for _, date, text in _posts())
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return _file(folder, path)


def _csv(folder: Path) -> Case:
    path = folder / "pip.csv"
    path.write_text("when,said,date\n" + "".join(f'{n},"{text}",{date}\n' for n, date, text in _posts()))
    return _file(folder, path, "said")


def _tweets() -> str:
    form = "%a %b %d %H:%M:%S +0000 %Y"
    tweets = [{"tweet": {"full_text": text, "created_at": f"{date:{form}}"}} for _, date, text in _posts()]
    return "window.YTD.tweets.part0 = " + json.dumps(tweets)


def _x_zip(folder: Path) -> Case:
    path = folder / "twitter.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data/tweets.js", _tweets())
    return _file(folder, path)


def _x_folder(folder: Path) -> Case:
    (folder / "archive" / "data").mkdir(parents=True)
    (folder / "archive" / "data" / "tweets.js").write_text(_tweets())
    return _file(folder, folder / "archive")


def _outbox(folder: Path) -> Case:
    notes = [
        {
            "type": "Create",
            "to": [PUBLIC],
            "object": {"type": "Note", "id": str(n), "content": f"<p>{text}</p>", "published": date.isoformat()},
        }
        for n, date, text in _posts()
    ]
    path = folder / "outbox.json"
    path.write_text(json.dumps({"type": "OrderedCollection", "orderedItems": notes}))
    return _file(folder, path)


def _export(folder: Path) -> Case:
    messages = [
        {"id": n, "type": "message", "from": "Pip", "from_id": "user1", "text": text, "date_unixtime": stamp}
        for n, stamp, text in ((n, str(int(date.timestamp())), text) for n, date, text in _posts())
    ]
    path = folder / "result.json"
    path.write_text(json.dumps({"name": "a chat", "type": "personal_chat", "id": 7, "messages": messages}))
    return _file(folder, path, "Pip")


def _sample(folder: Path) -> Case:
    account = AccountSource("ladle_in_orbit", "sample:ladle_in_orbit")
    return Case(SampleSource(), account, AccountSource("bob", "sample:bob"))


def _stored(folder: Path) -> Case:
    name = "personas/bob-pip/posts/pip.jsonl.zst"
    write_posts(folder / name, [Post(text, created_at=date) for _, date, text in _posts()])
    missing = AccountSource("bob", "stored:personas/bob-pip/posts/bob.jsonl.zst")
    return Case(StoredSource(folder), AccountSource("pip", f"stored:{name}"), missing)


@asynccontextmanager
async def _x(folder: Path) -> AsyncIterator[Case]:
    pip = XAccount("pip", [Tweet(text[:200]) for _, _, text in _posts()])
    async with FakeX(pip) as server, town(folder, server.url, budget=100) as here:
        account = AccountSource("pip", "x:pip")
        await here.x.fetch(account, 50, unheard)
        yield Case(here.x, account, AccountSource("bob", "x:bob"))
        assert server.refusals == []


@asynccontextmanager
async def _bluesky(folder: Path) -> AsyncIterator[Case]:
    pip = BlueskyAccount("pip.reef.example", [BlueskyPost(text[:200]) for _, _, text in _posts()])
    async with FakeBluesky(pip) as server, town(folder, server.url) as here:
        account = AccountSource("pip.reef.example", "bluesky:pip.reef.example")
        await here.bluesky.fetch(account, 50, unheard)
        yield Case(here.bluesky, account, AccountSource("bob.reef.example", "bluesky:bob.reef.example"))
        assert server.refusals == []


@asynccontextmanager
async def _mastodon(folder: Path) -> AsyncIterator[Case]:
    pip = MastodonAccount("pip", [MastodonPost(text[:200]) for _, _, text in _posts()])
    async with FakeMastodon(pip) as server, town(folder, server.url) as here:
        account = AccountSource("pip@reef.example", "mastodon:pip@reef.example")
        await here.mastodon.fetch(account, 50, unheard)
        yield Case(here.mastodon, account, AccountSource("bob@reef.example", "mastodon:bob@reef.example"))
        assert server.refusals == []


ON_DISK = [_jsonl, _csv, _x_zip, _x_folder, _outbox, _export, _sample, _stored]
NETWORKS = [_x, _bluesky, _mastodon]
Build = Callable[[Path], Any]


@pytest.fixture(params=[*ON_DISK, *NETWORKS])
async def case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Case]:
    built = request.param(tmp_path)
    if isinstance(built, AbstractAsyncContextManager):
        async with built as found:
            yield found
    else:
        yield built


async def test_a_known_account_is_found(case: Case) -> None:
    assert case.source.resolve(case.account.handle) == (case.account if case.by_handle else None)


async def test_an_unknown_account_is_not(case: Case) -> None:
    for handle in ("bob", "", "..", "../pip", "*", "pip/"):
        assert case.source.resolve(handle) is None


async def test_a_look_says_what_to_fetch(case: Case) -> None:
    outlook = await case.source.look(case.account, 0)
    assert outlook.account == case.account
    assert outlook.cost <= (outlook.left or 0)


async def test_posts_newest_first_up_to_the_limit(case: Case) -> None:
    everything = await case.source.fetch(case.account, 0, unheard)
    assert len(everything) >= N_POSTS
    assert all(isinstance(post, Post) and post.text for post in everything)
    dates = [post.created_at for post in everything if post.created_at]
    assert len(dates) == len(everything)
    assert dates == sorted(dates, reverse=True)
    assert await case.source.fetch(case.account, 10, unheard) == everything[:10]
    assert await case.source.fetch(case.account, 10**6, unheard) == everything


async def test_progress_only_grows_and_ends_at_the_total(case: Case) -> None:
    calls: list[tuple[int, int]] = []
    await case.source.fetch(case.account, 0, lambda done, total, wait=None: calls.append((done, total)))
    assert calls
    assert calls == sorted(calls)
    assert len({total for _, total in calls}) == 1
    assert calls[-1][0] == calls[-1][1]


async def test_what_is_at_hand_can_be_looked_up(case: Case) -> None:
    """A file that a person named is theirs to name again."""
    assert (case.account in case.source.at_hand()) == case.by_handle


async def test_missing_posts_are_the_persons_to_hear_of(case: Case) -> None:
    for account in (case.missing, AccountSource("bob", "nonsense"), AccountSource("bob", "nonsense:bob")):
        with pytest.raises(UserError) as caught:
            await case.source.fetch(account, 0, unheard)
        assert str(caught.value).endswith(".")


async def test_who_an_account_is_never_gets_in_the_way(case: Case) -> None:
    profile = await case.source.profile(case.account)
    assert profile is None or profile.name


async def test_cancelling_is_prompt(case: Case) -> None:
    task = asyncio.create_task(case.source.fetch(case.account, 0, unheard))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 1)
