"""Reading an account page by page into the AccountStore: what is new first, then what is still missing before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from bot.errors import UserError
from bot.ports import FetchProgress
from bot.sources.networks.accounts import Account, AccountStore, Gap
from bot.sources.networks.patience import Patience, TryLater, waiting
from bot.sources.posts import MAX_CHARACTERS, make_post
from bot.texts import Text
from trainer.corpus import Post


def network_post(text: str, reposted: bool, date: str | None, identity: str, language: str | None) -> Post:
    """One of a network that says what a repost is: a text may begin with "RT @" there."""
    post = make_post(text[:MAX_CHARACTERS], reposted, date, identity, language)
    return replace(post, is_retweet=reposted)


Newest = Callable[[Sequence[Post]], str]
"""Of posts, one at least: what `Gap.since` is to be for those that come after them."""


@dataclass(frozen=True)
class Page:
    """Posts of a gap, newest first, and the cursor of those before them; None: there are no more."""

    posts: tuple[Post, ...]
    cursor: str | None


ReadPage = Callable[[Gap, int], Awaitable[Page]]
"""A gap's newest posts, about as many as are asked for. Raises TryLater, or another UserError."""


async def walk(
    store: AccountStore,
    name: str,
    account: Account,
    read_page: ReadPage,
    newest: Newest,
    limit: int,
    progress: FetchProgress,
    patience: Patience,
) -> list[Post]:
    """The account's latest `limit` posts (0: all). What was read is kept, whatever ends this; no post is read twice.

    A network's `n_posts` may count posts that it doesn't give out, so the total is a guess until the end.
    """
    await asyncio.to_thread(store.settle, name)
    known = await asyncio.to_thread(store.posts, name)
    account = account.model_copy(update={"gaps": _opened(account.gaps, known, newest)})
    ids, n_known, wanted = {post.id for post in known}, len(known), limit or account.n_posts
    done, total = 0, max(0, min(wanted, account.n_posts) - n_known)
    try:
        while account.gaps and not _enough(account, n_known + done, limit):
            gap = account.gaps[0]
            room = limit - n_known - done if limit and gap.since is None else 0
            page = await patience.ask(lambda: read_page(gap, room), waiting(progress, done, max(done, total)))  # noqa: B023
            account = account.model_copy(update={"gaps": (*_rest(gap, page), *account.gaps[1:])})
            await asyncio.to_thread(store.add, name, page.posts, account)
            done += len({post.id for post in page.posts} - ids)
            progress(done, max(done, total))
        await asyncio.to_thread(store.save, name, account.model_copy(update={"n_read": account.n_posts}))
    except TryLater as error:
        raise UserError(
            Text(
                "{trouble} What was read so far, {n:,} posts, is kept: train again later, and it goes on from there.",
                trouble=error.text,
                n=n_known + done,
            )
        ) from error
    finally:
        await asyncio.to_thread(store.settle, name)
    end = max(done, total, 1)
    progress(end, end)
    return (await asyncio.to_thread(store.posts, name))[: limit or None]


def _opened(gaps: tuple[Gap, ...], known: list[Post], newest: Newest) -> tuple[Gap, ...]:
    """With one for what is new."""
    return (Gap(since=newest(known)), *gaps) if known else (Gap(),)


def _enough(account: Account, n_posts: int, limit: int) -> bool:
    """What is new is always read to its end; what is older only as far as it is wanted."""
    return bool(limit) and n_posts >= limit and account.gaps[0].since is None


def _rest(gap: Gap, page: Page) -> tuple[Gap, ...]:
    return () if page.cursor is None else (gap.model_copy(update={"cursor": page.cursor}),)
