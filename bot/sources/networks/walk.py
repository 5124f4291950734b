"""Reading an account page by page into the AccountStore: what is new first, then what is still missing before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace

from bot.errors import UserError
from bot.ports import FetchProgress
from bot.sources.networks.accounts import Account, AccountStore, Gap
from bot.sources.networks.patience import Patience, TryLater, waiting
from bot.sources.posts import MAX_CHARACTERS, make_post
from bot.texts import Text
from trainer.corpus import Post


@dataclass(frozen=True)
class Page:
    """Posts of a gap, newest first, and the cursor of those before them; None: there are no more."""

    posts: tuple[Post, ...]
    cursor: str | None


ReadPage = Callable[[Gap, int], Awaitable[Page]]
"""A gap's newest posts, about as many as are asked for (0: many). Raises TryLater, or another UserError."""

Newest = Callable[[Sequence[Post]], str]
"""Of posts, one at least: what `Gap.since` is to be for those that come after them."""


@dataclass
class _Tally:
    """Posts read so far, of about so many: a network counts posts that it doesn't give out."""

    known: set[str | None]
    n_known: int
    total: int
    done: int = 0

    @property
    def n_posts(self) -> int:
        return self.n_known + self.done

    @property
    def most(self) -> int:
        return max(self.done, self.total)

    def add(self, posts: Sequence[Post]) -> None:
        new = {post.id for post in posts} - self.known
        self.known |= new
        self.done += len(new)


@dataclass(frozen=True)
class Walk:
    """How one account is read."""

    store: AccountStore
    name: str
    read_page: ReadPage
    newest: Newest
    patience: Patience

    async def latest(self, account: Account, limit: int, progress: FetchProgress) -> list[Post]:
        """The account's latest `limit` posts (0: all). What was read is kept, whatever ends this. Raises UserError."""
        await asyncio.to_thread(self.store.settle, self.name)
        known = await asyncio.to_thread(self.store.posts, self.name)
        account = account.model_copy(update={"gaps": _opened(account.gaps, known, self.newest)})
        total = max(0, min(limit or account.n_posts, account.n_posts) - len(known))
        tally = _Tally({post.id for post in known}, len(known), total)
        try:
            account = await self._fill(account, limit, tally, progress)
            await self._save(account.model_copy(update={"n_read": account.n_posts}))
        except TryLater as error:
            raise _interrupted(error, tally.n_posts) from error
        finally:
            await whole(asyncio.to_thread(self.store.settle, self.name))
        end = max(tally.most, 1)
        progress(end, end)
        return (await asyncio.to_thread(self.store.posts, self.name))[: limit or None]

    async def _fill(self, account: Account, limit: int, tally: _Tally, progress: FetchProgress) -> Account:
        """Read gaps until there are enough posts: what is new always, what is older as far as it is wanted."""
        while account.gaps:
            gap = account.gaps[0]
            room = limit - tally.n_posts if limit and gap.since is None else 0
            if limit and gap.since is None and room <= 0:
                break
            tell = waiting(progress, tally.done, tally.most)
            page = await self.patience.ask(lambda: self.read_page(gap, room), tell)  # noqa: B023 (awaited at once)
            ended = page.cursor is None or page.cursor == gap.cursor  # a server that says the same again and again
            rest = () if ended else (gap.model_copy(update={"cursor": page.cursor}),)
            account = account.model_copy(update={"gaps": (*rest, *account.gaps[1:])})
            await whole(asyncio.to_thread(self.store.add, self.name, page.posts, account))
            tally.add(page.posts)
            progress(tally.done, tally.most)
        return account

    async def _save(self, account: Account) -> None:
        await asyncio.to_thread(self.store.save, self.name, account)


async def whole(work: Coroutine[None, None, None]) -> None:
    """What has been paid for is written to its end, whoever cancels."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _opened(gaps: tuple[Gap, ...], known: list[Post], newest: Newest) -> tuple[Gap, ...]:
    """With one for what is new."""
    return (Gap(since=newest(known)), *gaps) if known else (Gap(),)


def _interrupted(error: TryLater, n_posts: int) -> UserError:
    return UserError(
        Text(
            "{trouble} What was read so far, {n:,} posts, is kept: train again later, and it goes on from there.",
            trouble=error.text,
            n=n_posts,
        )
    )


def network_post(text: str, reposted: bool, date: str | None, identity: str, language: str | None) -> Post:
    """One of a network that says what a repost is: a text may begin with "RT @" there."""
    post = make_post(text[:MAX_CHARACTERS], reposted, date, identity, language)
    return replace(post, is_retweet=reposted)
