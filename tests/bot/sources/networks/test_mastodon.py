from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import AccountSource
from bot.errors import NotAllowed, NotFound, UserError
from bot.ports import unheard
from tests.bot.sources.networks.town import town
from tests.doubles.networks import FakeMastodon, Fault, MastodonAccount, MastodonPost, lines
from trainer.corpus import clean

PIP = AccountSource("pip@reef.example", "mastodon:pip@reef.example")


def account(n: int = 100) -> MastodonAccount:
    return MastodonAccount("pip", [MastodonPost(text) for text in lines(n)], note="keeps a light")


async def test_posts_boosts_and_html(tmp_path: Path) -> None:
    pip = MastodonAccount(
        "pip",
        [
            MastodonPost("somebody else has said that", boost_of="bob"),
            MastodonPost("@bob look at https://reef.example/a/long/way/to/go #fish is a tag & more"),
            MastodonPost("for my friends only, please", visibility="private"),
            MastodonPost("RT @ is how they write it", visibility="unlisted", language="pt"),
        ],
    )
    async with FakeMastodon(pip) as mastodon, town(tmp_path, mastodon.url) as here:
        posts = await here.mastodon.fetch(PIP, 0, unheard)
        profile = await here.mastodon.profile(PIP)
        assert mastodon.refusals == []
    assert clean("pip", posts).posts == ("RT @ is how they write it", "@bob look at #fish is a tag & more")
    assert [post.is_retweet for post in posts] == [False, False, True]
    assert posts[0].language == "pt"
    assert profile is not None
    assert profile.avatar == pip.avatar


async def test_paging_and_only_what_is_new_the_next_time(tmp_path: Path) -> None:
    pip = account()
    async with FakeMastodon(pip) as mastodon, town(tmp_path, mastodon.url) as here:
        first = await here.mastodon.fetch(PIP, 0, unheard)
        assert [post.text for post in first] == lines(100)[::-1]
        pip.post(MastodonPost("and then there was one more"))
        again = await here.mastodon.fetch(PIP, 0, unheard)
        assert [again[0].text, again[1:]] == ["and then there was one more", first]
        assert "since_id" in mastodon.requests[-2].query
        assert mastodon.refusals == []


async def test_an_instance_that_the_operator_has_not_named(tmp_path: Path) -> None:
    async with FakeMastodon(account()) as mastodon, town(tmp_path, mastodon.url) as here:
        for ask in (here.mastodon.look, lambda one, n: here.mastodon.fetch(one, n, unheard)):
            with pytest.raises(NotAllowed, match=r"sources\.mastodon\.instances"):
                await ask(AccountSource("pip@sea.example", "mastodon:pip@sea.example"), 0)
        assert mastodon.requests == []


async def test_accounts_that_cannot_be_read(tmp_path: Path) -> None:
    gone = MastodonAccount("gone", [MastodonPost("hello to all of you")], state="suspended")
    async with FakeMastodon(account(), gone) as mastodon, town(tmp_path, mastodon.url) as here:
        with pytest.raises(NotFound, match="suspended"):
            await here.mastodon.fetch(AccountSource("gone", "mastodon:gone@reef.example"), 0, unheard)
        with pytest.raises(NotFound, match="no @bob@reef"):
            await here.mastodon.look(AccountSource("bob", "mastodon:bob@reef.example"), 0)
    async with FakeMastodon(account(), demands=401) as mastodon, town(tmp_path, mastodon.url) as here:
        with pytest.raises(NotAllowed, match="without a login"):
            await here.mastodon.look(PIP, 0)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault not in {Fault.STALL, Fault.SLOW_BODY}])
async def test_a_trouble_is_waited_out_or_told(tmp_path: Path, fault: Fault) -> None:
    async with FakeMastodon(account(20)) as mastodon, town(tmp_path, mastodon.url) as here:
        mastodon.fail_next(None, fault)
        mastodon.shapes.remove([])  # no posts: as good an answer as any
        if fault in {Fault.S401, Fault.S402, Fault.S403, Fault.S404}:
            with pytest.raises(UserError, match=r"^[A-Z][^{}]*\.$"):
                await here.mastodon.fetch(PIP, 0, unheard)
        assert len(await here.mastodon.fetch(PIP, 0, unheard)) == 20
        assert (mastodon.followed, mastodon.refusals) == ([], [])
