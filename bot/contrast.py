"""Other accounts' posts, beside which a persona is measured: what is on this machine already."""

from __future__ import annotations

from collections.abc import Collection

from bot.ports import Sources
from trainer.corpus import clean

ACCOUNTS = 4
POSTS = 400  # of each


async def contrast_posts(sources: Sources, handles: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Cleaned posts of a few accounts that are not among `handles`: of what is on this machine, nobody is asked."""
    found: dict[str, tuple[str, ...]] = {}
    for account in sources.at_hand():
        if account.handle in handles or len(found) == ACCOUNTS:
            continue
        posts = await sources.here(account)
        if kept := clean(account.handle, posts[:POSTS]).posts:
            found[account.handle] = kept
    return found
