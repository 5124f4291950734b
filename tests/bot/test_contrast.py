from __future__ import annotations

from bot.contrast import ACCOUNTS, contrast_posts
from bot.domain import AccountSource
from bot.ports import FetchProgress
from tests.doubles.sources import FakeSources, make_posts
from trainer.corpus import Post


async def test_accounts_that_are_not_the_personas_own() -> None:
    sources = FakeSources({handle: make_posts(5, f"{handle} says ") for handle in ("pip", "bob", "ladle")})
    found = await contrast_posts(sources, ["pip"])
    assert list(found) == ["bob", "ladle"]
    assert found["bob"] == tuple(post.text for post in sources.posts["bob"])


async def test_a_few_are_enough() -> None:
    sources = FakeSources({f"a{i}": make_posts(3) for i in range(9)})
    assert len(await contrast_posts(sources, [])) == ACCOUNTS


async def test_what_is_retweeted_or_short_or_unreadable_is_no_contrast() -> None:
    sources = FakeSources({"bob": [], "ladle": [Post("hi"), Post("RT three more words", is_retweet=True)]})
    assert await contrast_posts(sources, []) == {}


async def test_nobody_is_asked_for_them() -> None:
    """Of accounts on networks, what was read before: reading costs money, and is somebody else's to ask for."""

    class Offline(FakeSources):
        async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
            raise AssertionError("that would be asking")

    assert list(await contrast_posts(Offline({"bob": make_posts(3)}), [])) == ["bob"]
