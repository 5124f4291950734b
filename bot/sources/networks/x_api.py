"""X through its API: paid for by the post, within a monthly budget, each post once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.domain import About, AccountSource, Outlook, Profile
from bot.errors import Limited, NotAllowed, NotFound, UserError
from bot.handles import X
from bot.ports import FetchProgress, unheard
from bot.sources.networks.accounts import Account, AccountStore, Gap
from bot.sources.networks.patience import HASTY, PATIENT, Patience, waiting
from bot.sources.networks.walk import Page, Walk
from bot.sources.networks.web import Web, keep_avatar
from bot.sources.networks.x_answers import Problem, Tweet, User
from bot.sources.networks.x_budget import MIN_PAGE, Budget, Purse, PurseEmpty
from bot.sources.posts import MAX_CHARACTERS, make_post
from bot.texts import Text
from trainer.corpus import Post

if TYPE_CHECKING:
    from bot.sources.networks.x_client import XClient  # tweepy is large

REACHABLE = 3200  # an account's latest posts, the most that X gives out
EMPTY_PAGES = 20  # in a row, after which there are no more posts
FRESH = timedelta(hours=1)  # how long a look-up, which costs, is good for


logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class XSource:
    """References are `x:<name>`. Without a client, what was read before is all there is."""

    store: AccountStore
    web: Web
    budget: Budget
    client: XClient | None
    patience: Patience = PATIENT

    @property
    def about(self) -> About:
        return About(
            name="X",
            state="on" if self.client else "off: set sources.x.token, the bearer token of an app of yours",
            example="x:alice, https://x.com/alice, or plain @alice, unless sources.default is another",
            cost=f"${self.budget.settings.price_post} a post and ${self.budget.settings.price_user} a look-up, "
            f"up to ${self.budget.settings.monthly_budget} a month. An account's latest {REACHABLE:,} posts at most; "
            "what was read once is never paid for again.",
            login="a bearer token, from console.x.com",
            terms="X's developer agreement forbids training a “foundation or frontier model” on its content. Whether "
            "an adapter of a small model for one account is one is for you to judge.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """Those that were read before."""
        return self.store.resolve(handle)

    def at_hand(self) -> list[AccountSource]:
        return self.store.at_hand()

    async def here(self, account: AccountSource) -> list[Post]:
        return await asyncio.to_thread(self.store.posts, _name(account))

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        """Who it is, and what reading it would cost at most. Raises UserError, Limited among them."""
        name = _name(account)
        if self.client is None:
            return Outlook(account, len(await self._kept(name)))
        try:
            known = await self._account(self.client, name, HASTY, unheard)
        except Limited:
            if not (kept := await self._whole_before(name)):
                raise
            return Outlook(account, len(kept), left=await self.budget.left())  # what is there costs nothing
        n_new = _to_read(known, len(await asyncio.to_thread(self.store.posts, name)), limit)
        return Outlook(account, known.n_posts, n_new, n_new * self.budget.price_post, await self.budget.left())

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """Reads what is new, and pays for nothing twice. Raises UserError or OperatorError."""
        name = _name(account)
        if self.client is None:
            return (await self._kept(name))[: limit or None]
        try:
            posts = await self._read(self.client, account, limit, progress)
        except Limited as error:  # training again what is there already costs nothing
            there = await self.here(account) if isinstance(error, PurseEmpty) else await self._whole_before(name)
            if not there:
                raise
            posts = there
            logger.warning("@%s: %s", name, error)
        if not posts:
            raise NotFound(Text("@{handle} has no posts on X.", handle=account.handle))
        return posts[: limit or None]

    async def _read(self, client: XClient, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        name = _name(account)
        # The smallest page may be a little more than the last posts that were agreed to.
        purse = Purse(account.cap and account.cap + MIN_PAGE * self.budget.price_post)
        async with self.store.reading(name, progress):
            known = await self._account(client, name, self.patience, progress)

            async def read(gap: Gap, wanted: int) -> Page:
                return await self._page(client, name, known.id, gap, wanted, purse)

            posts = await Walk(self.store, name, read, _newest, self.patience).latest(known, limit, progress)
            await keep_avatar(self.web, known.avatar_url, self.store.avatar(name))
        return posts

    async def _whole_before(self, name: str) -> list[Post]:
        """All posts, where they have been read to the end once."""
        known = self.store.account(name)
        return await asyncio.to_thread(self.store.posts, name) if known and known.n_read else []

    async def profile(self, account: AccountSource) -> Profile | None:
        return await asyncio.to_thread(self.store.profile, _name(account))

    async def _kept(self, name: str) -> list[Post]:
        if posts := await asyncio.to_thread(self.store.posts, name):
            return posts
        raise NotFound(
            Text(
                "I can't read from X: the operator has set no bearer token (sources.x.token). If @{handle} is you, "
                "send your X archive, or the tweets.js in it.",
                handle=name,
            )
        )

    async def _account(self, client: XClient, name: str, patience: Patience, progress: FetchProgress) -> Account:
        """As X knows it now, or did within the hour. Raises UserError."""
        before = self.store.account(name)
        if before is not None and self.budget.now() - before.seen_at < FRESH:
            return before
        tell = waiting(progress, 0, 0)
        answer = await patience.ask(lambda: self.budget.user(name, lambda: client.user(name)), tell)
        if answer.data is None:
            raise _missing(answer.errors, name)
        if answer.data.protected:
            raise NotAllowed(Text("@{handle} has protected its posts on X, so I don't read them.", handle=name))
        known = self.store.renewed(name, answer.data.id, {**_news(answer.data), "seen_at": self.budget.now()})
        await asyncio.to_thread(self.store.save, name, known)
        return known

    async def _page(self, client: XClient, name: str, user: str, gap: Gap, wanted: int, purse: Purse) -> Page:
        """An empty page may have others after it."""
        token: str | None = None
        for _ in range(EMPTY_PAGES):
            ask = partial(client.tweets, user, since=gap.since, until=gap.cursor, token=token)
            answer = await self.budget.posts(name, wanted, purse, ask)
            if not answer.data and answer.errors:
                raise _missing(answer.errors, name)
            token = answer.meta.next_token
            if answer.data or token is None:
                break
        posts = tuple(map(tweet_post, answer.data))
        oldest = min((post.id for post in answer.data), key=int, default=None)
        return Page(posts, oldest if token else None)


def tweet_post(tweet: Tweet) -> Post:
    """Long posts whole; what has only pictures has only their link for a text."""
    text = tweet.note_tweet.text if tweet.note_tweet else tweet.text
    retweet = any(one.type == "retweeted" for one in tweet.referenced_tweets)
    return make_post(text[:MAX_CHARACTERS], retweet, tweet.created_at, tweet.id, tweet.lang)


def _to_read(known: Account, n_kept: int, limit: int) -> int:
    """How many posts a reading would read: at most, but for what is written meanwhile."""
    most = min(limit or REACHABLE, REACHABLE)
    new = known.n_posts - known.n_read if known.n_read else 0
    missing = min(known.n_posts, most) - n_kept if known.gaps else 0
    return min(max(0, new, missing), most)


def _newest(posts: Sequence[Post]) -> str:
    return max((post.id for post in posts if post.id), key=int)


def _news(user: User) -> dict[str, object]:
    return {
        "name": user.name,
        "bio": user.description,
        "n_posts": user.public_metrics.tweet_count,
        "avatar_url": user.profile_image_url and user.profile_image_url.replace("_normal.", "_400x400."),
    }


def _missing(problems: Sequence[Problem], name: str) -> UserError:
    """Why X gives no account or posts: https://docs.x.com/x-api/fundamentals/response-codes-and-errors"""
    said = " ".join(f"{one.title} {one.detail}" for one in problems)
    if "suspended" in said:
        return NotFound(Text("The account @{handle} is suspended on X.", handle=name))
    if "not authorized" in said.lower():
        return NotAllowed(Text("@{handle} has protected its posts on X, so I don't read them.", handle=name))
    return NotFound(Text("There is no @{handle} on X. Check the spelling.", handle=name))


def _name(account: AccountSource) -> str:
    scheme, _, name = account.reference.partition(":")
    if scheme != X or not name:
        raise NotFound(Text("The posts of @{handle} are not on X.", handle=account.handle))
    return name
