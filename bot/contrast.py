"""Other accounts' posts, beside which a persona is measured: what is on this machine already."""

from __future__ import annotations

import logging
from collections.abc import Collection

from bot.errors import UserError
from bot.ports import Sources, unheard
from trainer.corpus import clean

ACCOUNTS = 4
POSTS = 400  # of each
logger = logging.getLogger(__name__)


async def contrast_posts(sources: Sources, handles: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Cleaned posts of a few accounts that are not among `handles`. One that can't be read is passed over."""
    found: dict[str, tuple[str, ...]] = {}
    for account in sources.at_hand():
        if account.handle in handles or len(found) == ACCOUNTS:
            continue
        try:
            posts = await sources.fetch(account, POSTS, unheard)
        except UserError as error:
            logger.info("no contrast by @%s: %s", account.handle, error)
            continue
        if kept := clean(account.handle, posts).posts:
            found[account.handle] = kept
    return found
