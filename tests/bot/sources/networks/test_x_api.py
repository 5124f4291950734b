from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import Limited, NotAllowed, NotFound, OperatorError, UserError
from bot.ports import unheard
from bot.sources.networks.accounts import Account, AccountStore
from bot.sources.networks.patience import Patience
from bot.sources.networks.x_answers import TweetsAnswer
from tests.bot.sources.networks.town import town
from tests.doubles.networks import LONG_NOTE, FakeX, Fault, Limit, Pages, Tweet, XAccount, lines
from trainer.corpus import Post, clean

PIP = AccountSource("pip", "x:pip")
POST, USER = 5_000, 10_000  # millionths of a dollar


def account(n: int = 250) -> XAccount:
    return XAccount("pip", [Tweet(text) for text in lines(n)], name="Pip", description="keeps a light")


async def test_posts_come_whole_marked_and_dated(tmp_path: Path) -> None:
    pip = XAccount(
        "pip",
        [
            Tweet("so it says", retweet_of="bob"),
            Tweet(note=LONG_NOTE),
            Tweet(media_only=True),
            Tweet("a fish & a chip", reply_to="bob"),
            Tweet("olá a todos vocês", lang="pt"),
        ],
    )
    async with FakeX(pip) as x, town(tmp_path, x.url) as here:
        posts = await here.x.fetch(PIP, 0, unheard)
        profile = await here.x.profile(PIP)
        assert x.refusals == []
    assert [post.language for post in posts] == ["pt", "en", None, "en", "en"]
    assert [post.is_retweet for post in posts] == [False, False, False, False, True]
    assert clean("pip", posts).posts == (
        "olá a todos vocês",
        "@bob a fish & a chip",
        LONG_NOTE,
    )
    assert [post.id for post in posts] == [str(tweet.id) for tweet in pip.timeline()]
    assert [post.created_at for post in posts] == [tweet.created_at for tweet in pip.timeline()]
    assert profile is not None
    assert (profile.name, profile.avatar) == ("Pip", pip.avatar)


async def test_what_was_read_is_not_paid_for_again(tmp_path: Path) -> None:
    pip = account()
    async with FakeX(pip) as x, town(tmp_path, x.url) as here:
        first = await here.x.fetch(PIP, 0, unheard)
        assert (x.bill.posts, x.bill.users) == (250, 1)
        assert await here.spending.spent("x", "2026-11") == 250 * POST + USER
        pip.post(Tweet("brand new and fine"), Tweet("even newer than that"))
        here.now.at += timedelta(days=1)
        again = await here.x.fetch(PIP, 0, unheard)
        assert [post.text for post in again[:2]] == ["even newer than that", "brand new and fine"]
        assert again[2:] == first
        assert (x.bill.posts, x.bill.users) == (252, 2)
        assert x.requests[-2].query["since_id"] == first[0].id or x.requests[-1].query["since_id"] == first[0].id
        assert await here.spending.spent("x", "2026-11") == 252 * POST + 2 * USER
        assert x.refusals == []


async def test_pages_that_are_short_or_empty_are_gone_on_from(tmp_path: Path) -> None:
    for pages in (Pages(short_every=2), Pages(empty_every=2), Pages(last_empty=True)):
        async with FakeX(account(450), pages=pages) as x, town(tmp_path / str(pages), x.url) as here:
            assert len(await here.x.fetch(PIP, 0, unheard)) == 450
            assert (x.bill.posts, x.refusals) == (450, [])


async def test_no_more_than_is_wanted(tmp_path: Path) -> None:
    async with FakeX(account()) as x, town(tmp_path, x.url) as here:
        assert len(await here.x.fetch(PIP, 120, unheard)) == 120
        assert x.bill.posts == 120
        assert len(await here.x.fetch(PIP, 240, unheard)) == 240  # the setting was raised
        assert x.bill.posts == 240


async def test_an_outlook_says_what_it_costs_and_the_look_up_is_paid_once(tmp_path: Path) -> None:
    pip = account()
    async with FakeX(pip) as x, town(tmp_path, x.url) as here:
        outlook = await here.x.look(PIP, 3200)
        assert (outlook.n_posts, outlook.n_new, outlook.cost) == (250, 250, 250 * POST)
        assert outlook.left == 20_000_000 - USER
        assert x.bill.posts == 0
        await here.x.fetch(PIP, 3200, unheard)
        assert x.bill.users == 1
        here.now.at += timedelta(days=1)
        pip.post(*(Tweet(f"post number {n} of the day") for n in range(7)))
        assert (await here.x.look(PIP, 3200)).n_new == 7


async def test_an_outlook_counts_what_was_not_wanted_before(tmp_path: Path) -> None:
    async with FakeX(account()) as x, town(tmp_path, x.url) as here:
        await here.x.fetch(PIP, 120, unheard)
        assert (await here.x.look(PIP, 120)).n_new == 0
        assert (await here.x.look(PIP, 200)).n_new == 80
        assert (await here.x.look(PIP, 0)).n_new == 130


async def test_the_budget_is_never_exceeded(tmp_path: Path) -> None:
    async with FakeX(account(400)) as x, town(tmp_path, x.url, budget=1) as here:
        with pytest.raises(Limited, match=r"\$1\.00"):
            await here.x.fetch(PIP, 0, unheard)
        assert await here.spending.spent("x", "2026-11") <= 1_000_000
        assert x.bill.posts * POST + x.bill.users * USER <= 1_000_000
        paid = x.bill.posts
        assert paid > 150
        here.now.at += timedelta(days=31)  # the next month: it goes on from there
        with pytest.raises(Limited):
            await here.x.fetch(PIP, 0, unheard)
        here.now.at += timedelta(days=31)
        assert len(await here.x.fetch(PIP, 0, unheard)) == 400
        assert (x.bill.posts, x.refusals) == (400, [])


async def test_a_reading_that_is_cut_off_goes_on_from_there(tmp_path: Path) -> None:
    async with FakeX(account(350)) as x, town(tmp_path, x.url) as here:
        x.fail_while(lambda seen: "until_id" in seen.query, Fault.S503)
        with pytest.raises(UserError, match="kept"):
            await here.x.fetch(PIP, 0, unheard)
        assert x.bill.posts == 100
        assert 120 <= sum(here.pauses.seconds) <= 240
        x.recover()
        assert len(await here.x.fetch(PIP, 0, unheard)) == 350
        assert (x.bill.posts, x.bill.users) == (350, 1)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in {Fault.STALL, Fault.SLOW_BODY}])
async def test_a_trouble_is_waited_out_or_told(tmp_path: Path, fault: Fault) -> None:
    async with FakeX(account(20)) as x, town(tmp_path, x.url) as here:
        x.fail_next(None, fault)
        if fault in {Fault.S401, Fault.S402, Fault.S403, Fault.S404}:
            with pytest.raises((NotFound, OperatorError), match=r"^[A-Z][^{}]*\.$"):
                await here.x.fetch(PIP, 0, unheard)
        assert len(await here.x.fetch(PIP, 0, unheard)) == 20
        assert x.followed == []
        spent = await here.spending.spent("x", "2026-11")
        assert spent >= x.bill.posts * POST + x.bill.users * USER
        assert x.refusals == []


async def test_a_rate_limit_is_waited_for_and_told(tmp_path: Path) -> None:
    waits: list[float] = []

    def hear(done: int, total: int, wait: float | None = None) -> None:
        if wait is not None:
            waits.append(wait)

    async with FakeX(account(250)) as x, town(tmp_path, x.url, patience=Patience(sleep=asyncio.sleep)) as here:
        x.limit = Limit(2, 1.0)
        assert len(await here.x.fetch(PIP, 0, hear)) == 250
        assert waits
        assert x.limit.early == 0  # not before the time it was told


@pytest.mark.parametrize(
    ("state", "error", "match"),
    [("protected", NotAllowed, "protected its posts"), ("suspended", NotFound, "is suspended on X")],
)
async def test_accounts_that_cannot_be_read(tmp_path: Path, state: str, error: type[UserError], match: str) -> None:
    pip = account()
    pip.state = state  # type: ignore[assignment]
    async with FakeX(pip) as x, town(tmp_path, x.url) as here:
        with pytest.raises(error, match=match):
            await here.x.look(PIP, 0)
        with pytest.raises(NotFound, match="no @bob on X"):
            await here.x.look(AccountSource("bob", "x:bob"), 0)
        assert x.refusals == []


async def test_one_that_is_protected_after_the_look_up(tmp_path: Path) -> None:
    pip = account()
    async with FakeX(pip) as x, town(tmp_path, x.url) as here:
        await here.x.look(PIP, 0)
        pip.state = "protected"
        with pytest.raises(NotAllowed, match="protected"):
            await here.x.fetch(PIP, 0, unheard)


async def test_a_name_that_is_somebody_elses_now(tmp_path: Path) -> None:
    async with FakeX(account(5)) as x, town(tmp_path, x.url) as here:
        await here.x.fetch(PIP, 0, unheard)
        x.accounts = [XAccount("pip", [Tweet("I am new here, hello")], id="4242")]
        here.now.at += timedelta(days=1)
        with pytest.raises(NotAllowed, match="/forget @pip"):
            await here.x.fetch(PIP, 0, unheard)


async def test_without_a_token_there_is_what_was_read_before(tmp_path: Path) -> None:
    async with FakeX(account(30)) as x:
        async with town(tmp_path, x.url) as here:
            read = await here.x.fetch(PIP, 0, unheard)
        async with town(tmp_path, x.url, token=None) as here:
            assert here.x.resolve("pip") == PIP
            assert await here.x.fetch(PIP, 0, unheard) == read
            with pytest.raises(NotFound, match=r"sources\.x\.token"):
                await here.x.look(AccountSource("bob", "x:bob"), 0)


async def test_what_was_not_sent_costs_nothing_and_what_is_not_understood_is_asked_once_more(tmp_path: Path) -> None:
    async with FakeX(account(250)) as x, town(tmp_path, x.url) as here:
        x.fail_while(lambda seen: "tweets" in seen.path, Fault.HALF_JSON)
        with pytest.raises(UserError, match="not JSON, or cut short"):
            await here.x.fetch(PIP, 0, unheard)
        assert x.bill.posts == 200
        spent = await here.spending.spent("x", "2026-11")
        assert spent == 200 * POST + USER
    async with town(tmp_path, x.url) as here:  # nobody is there any more
        with pytest.raises(UserError, match="can't be reached"):
            await here.x.fetch(PIP, 0, unheard)
        assert await here.spending.spent("x", "2026-11") == spent


async def test_a_connection_that_ends_is_not_paid_for_twice(tmp_path: Path) -> None:
    async with FakeX(account(250)) as x, town(tmp_path, x.url) as here:
        x.fail_next(None, None, Fault.CLOSE)
        await here.x.fetch(PIP, 0, unheard)
        pages = [seen for seen in x.requests if "tweets" in seen.path]
        assert len(pages) == 4  # one of them in vain, and known
        assert here.pauses.seconds


async def test_no_more_is_spent_than_was_agreed_to(tmp_path: Path) -> None:
    async with FakeX(account(300)) as x, town(tmp_path, x.url) as here:
        capped = replace(PIP, cap=150 * POST)
        assert len(await here.x.fetch(capped, 0, unheard)) == x.bill.posts == 155  # to within a page of five
        await here.x.fetch(PIP, 0, unheard)
        assert x.bill.posts == 300
        assert len(await here.x.fetch(replace(PIP, cap=0), 0, unheard)) == 300  # what is there costs nothing


async def test_answers_that_are_lost_count_for_what_was_agreed_to(tmp_path: Path) -> None:
    async with FakeX(account(1000)) as x, town(tmp_path, x.url) as here:
        x.fail_next(None, *[Fault.RESET, None] * 20)
        with suppress(UserError):
            await here.x.fetch(replace(PIP, cap=1000 * POST), 0, unheard)
        assert await here.spending.spent("x", "2026-11") <= 1005 * POST + USER


async def test_without_money_what_is_there_is_enough(tmp_path: Path) -> None:
    async with FakeX(account(20)) as x:
        async with town(tmp_path, x.url) as here:
            await here.x.fetch(PIP, 0, unheard)
        async with town(tmp_path, x.url, budget=0) as here:
            here.now.at += timedelta(days=1)
            assert len(await here.x.fetch(PIP, 0, unheard)) == 20
            outlook = await here.x.look(PIP, 0)
            assert (outlook.n_posts, outlook.n_new, outlook.cost) == (20, 0, 0)
            with pytest.raises(Limited):
                await here.x.fetch(AccountSource("bob", "x:bob"), 0, unheard)


async def test_a_post_that_is_none_does_not_spoil_a_page(tmp_path: Path) -> None:
    answer = TweetsAnswer.model_validate(
        {"data": [{"id": "17", "text": "fine"}, {"id": "16"}, 3], "meta": {"result_count": 3}}
    )
    assert [tweet.text for tweet in answer.data] == ["fine"]
    assert answer.n_posts == 3  # as X charges for them


async def test_a_page_that_was_paid_for_is_kept_whoever_cancels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FakeX(account(300)) as x, town(tmp_path, x.url) as here:
        add = here.x.store.add
        begun, may_go_on = threading.Event(), threading.Event()

        def slowly(name: str, posts: Iterable[Post], known: Account) -> None:
            begun.set()
            may_go_on.wait(10)
            add(name, posts, known)

        monkeypatch.setattr(AccountStore, "add", lambda store, *arguments: slowly(*arguments))
        reading = asyncio.create_task(here.x.fetch(PIP, 0, unheard))
        await asyncio.to_thread(begun.wait, 10)
        reading.cancel()
        await asyncio.sleep(0.01)
        may_go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len(await here.x.fetch(PIP, 0, unheard)) == x.bill.posts == 300


async def test_the_token_is_told_to_nobody(tmp_path: Path) -> None:
    async with FakeX(account(5)) as x, town(tmp_path, x.url, token="another-secret") as here:
        with pytest.raises(OperatorError, match=r"sources\.x\.token") as caught:
            await here.x.fetch(PIP, 0, unheard)
        assert "another-secret" not in str(caught.value)
