from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import NotAllowed, NotFound, UserError
from bot.ports import unheard
from bot.sources.networks.bluesky_posts import FeedItem, feed_post
from bot.sources.networks.patience import TryLater
from tests.bot.sources.networks.town import town
from tests.doubles.networks import (
    BlueskyAccount,
    BlueskyPost,
    FakeBluesky,
    Fault,
    Limit,
    Pages,
    declared,
    lines,
    short_link,
)
from trainer.corpus import clean

PIP = AccountSource("pip.reef.example", "bluesky:pip.reef.example")
FAR = "https://reef.example/a/very/long/way/to/go/for/a/small/fish"


def account(n: int = 250) -> BlueskyAccount:
    return BlueskyAccount("pip.reef.example", [BlueskyPost(text) for text in lines(n)], display_name="Pip")


async def test_posts_reposts_replies_and_links(tmp_path: Path) -> None:
    pip = BlueskyAccount(
        "pip.reef.example",
        [
            BlueskyPost("not my own words at all", repost_of="bob.reef.example"),
            BlueskyPost("words of mine, said once more", repost_of="pip.reef.example"),
            BlueskyPost("that is true of all boats", reply_to="bob.reef.example"),
            BlueskyPost(f"größe matters 🌊 see {short_link(FAR)} for the rest", links=(FAR,)),
            BlueskyPost("pinned for all to read it", pinned=True, langs=("pt-BR",)),
            BlueskyPost("RT @ is how we said it then", langs=()),
        ],
    )
    async with FakeBluesky(pip) as bluesky, town(tmp_path, bluesky.url) as here:
        posts = await here.bluesky.fetch(PIP, 0, unheard)
        profile = await here.bluesky.profile(PIP)
        assert bluesky.refusals == []
    assert [post.is_retweet for post in posts] == [False, False, False, False, True, True]
    assert clean("pip", posts).posts == (
        "RT @ is how we said it then",
        "pinned for all to read it",
        "größe matters 🌊 see for the rest",
        "that is true of all boats",
    )
    assert posts[1].language == "pt-BR"
    assert [post.created_at for post in posts] == [post.at for post in reversed(pip.posts)]
    assert profile is not None
    assert (profile.name, profile.avatar) == ("Pip", pip.avatar)


@pytest.mark.parametrize("pages", [Pages(), Pages(short_every=2), Pages(empty_every=2), Pages(last_empty=True)])
async def test_paging_and_only_what_is_new_the_next_time(tmp_path: Path, pages: Pages) -> None:
    pip = account()
    async with FakeBluesky(pip, pages=pages) as bluesky, town(tmp_path, bluesky.url) as here:
        first = await here.bluesky.fetch(PIP, 0, unheard)
        assert [post.text for post in first] == lines(250)[::-1]
        before = len(bluesky.requests)
        pip.post(BlueskyPost("and then there was one more"))
        again = await here.bluesky.fetch(PIP, 0, unheard)
        assert [again[0].text, again[1:]] == ["and then there was one more", first]
        feeds = [seen for seen in bluesky.requests[before:] if seen.path.endswith("getAuthorFeed")]
        assert len(feeds) <= 2
        assert bluesky.refusals == []


async def test_a_limit(tmp_path: Path) -> None:
    async with FakeBluesky(account()) as bluesky, town(tmp_path, bluesky.url) as here:
        assert len(await here.bluesky.fetch(PIP, 120, unheard)) == 120
        assert len(await here.bluesky.fetch(PIP, 0, unheard)) == 250


async def test_an_account_is_known_by_its_did_as_well(tmp_path: Path) -> None:
    pip = account(3)
    async with FakeBluesky(pip) as bluesky, town(tmp_path, bluesky.url) as here:
        outlook = await here.bluesky.look(AccountSource("did", f"bluesky:{pip.did}"), 0)
        assert (outlook.account, outlook.n_posts, outlook.cost) == (PIP, 3, 0)


@pytest.mark.parametrize(("allow", "read"), [(None, True), (True, True), (False, False)])
async def test_what_an_account_declares_is_honoured(tmp_path: Path, allow: bool | None, read: bool) -> None:
    pip = account(3)
    pip.declaration = declared(allow)
    async with FakeBluesky(pip) as bluesky, town(tmp_path, bluesky.url) as here:
        if read:
            assert len(await here.bluesky.fetch(PIP, 0, unheard)) == 3
        else:
            for ask in (here.bluesky.look(PIP, 0), here.bluesky.fetch(PIP, 0, unheard)):
                with pytest.raises(NotAllowed, match="nobody may generate"):
                    await ask
            assert not [seen for seen in bluesky.requests if seen.path.endswith("getAuthorFeed")]


async def test_when_nobody_can_say_what_is_declared_nothing_is_read(tmp_path: Path) -> None:
    pip = account(3)
    async with FakeBluesky(pip) as bluesky, town(tmp_path, bluesky.url) as here:
        bluesky.fail_while(lambda seen: seen.path.endswith("getRecord"))
        with pytest.raises(TryLater):
            await here.bluesky.fetch(PIP, 0, unheard)
        assert not [seen for seen in bluesky.requests if seen.path.endswith("getAuthorFeed")]


@pytest.mark.parametrize(
    "server",
    [
        "http://169.254.169.254",
        "https://127.0.0.1",
        "https://[::1]",
        "https://localhost",
        "https://x:999999",
        "https://reef.example:8443",
        "file:///etc/passwd",
        "x",
    ],
)
async def test_only_ordinary_servers_are_asked(tmp_path: Path, server: str) -> None:
    pip = account(3)
    pip.pds = server
    async with FakeBluesky(pip) as bluesky, town(tmp_path, bluesky.url) as here:
        with pytest.raises(TryLater, match="declarations"):
            await here.bluesky.fetch(PIP, 0, unheard)


async def test_accounts_that_cannot_be_read(tmp_path: Path) -> None:
    hidden = account(3)
    hidden.no_unauthenticated = True
    gone = BlueskyAccount("gone.reef.example", state="suspended")
    async with FakeBluesky(hidden, gone) as bluesky, town(tmp_path, bluesky.url) as here:
        for name, match in (
            ("pip.reef.example", "without a login"),
            ("gone.reef.example", "suspended or deactivated"),
            ("bob.reef.example", "no @bob.reef.example on Bluesky"),
        ):
            with pytest.raises((NotFound, NotAllowed), match=match):
                await here.bluesky.look(AccountSource(name, f"bluesky:{name}"), 0)
        assert bluesky.refusals == []


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in {Fault.STALL, Fault.SLOW_BODY}])
async def test_a_trouble_is_waited_out_or_told(tmp_path: Path, fault: Fault) -> None:
    async with FakeBluesky(account(20)) as bluesky, town(tmp_path, bluesky.url) as here:
        bluesky.fail_next(None, None, None, None, fault)  # the first page
        if fault in {Fault.S401, Fault.S402, Fault.S403, Fault.S404}:
            with pytest.raises(UserError, match=r"^[A-Z][^{}]*\.$"):
                await here.bluesky.fetch(PIP, 0, unheard)
        assert len(await here.bluesky.fetch(PIP, 0, unheard)) == 20
        assert (bluesky.followed, bluesky.refusals) == ([], [])


async def test_a_limit_of_the_network_is_waited_for(tmp_path: Path) -> None:
    async with FakeBluesky(account(20)) as bluesky, town(tmp_path, bluesky.url) as here:
        bluesky.limit = Limit(4, 600.0)
        with pytest.raises(UserError, match="is kept"):
            await here.bluesky.fetch(PIP, 0, unheard)
        assert sum(here.pauses.seconds) > 500


@pytest.mark.parametrize(("start", "end"), [(0, 1), (5, 3), (0, 10**9), (3, 4), (10**9, 10**9 + 1)], ids=str)
def test_facets_that_are_nonsense_change_nothing(start: int, end: int) -> None:
    item = {
        "post": {
            "uri": "at://x/y/z",
            "author": {"did": "did:plc:a"},
            "record": {
                "text": "añ text",
                "facets": [
                    {
                        "index": {"byteStart": start, "byteEnd": end},
                        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "https://other.example"}],
                    }
                ],
            },
        }
    }
    post = feed_post(FeedItem.model_validate(item), "did:plc:a")
    assert post is not None
    assert post.text == "añ text"
