"""The latest posts of a stream of any length, in memory for `limit` of them. Pure."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from datetime import datetime

from trainer.corpus import Post


def latest(posts: Iterable[Post], limit: int) -> list[Post]:
    """The latest `limit` posts; a limit of 0 keeps all.

    Dated posts come first, newest first, as networks return them; posts of one moment stay in the file's order. Undated
    posts fill the room that is left, in the file's order: its last ones, since people add at the end. Dates are all
    aware (`bot.sources.posts` makes them so).
    """
    dated: list[tuple[datetime, int, Post]] = []  # a heap, oldest first; the unique index keeps posts uncompared
    undated: deque[Post] = deque(maxlen=limit or None)
    for index, post in enumerate(posts):
        if post.created_at is None:
            undated.append(post)
        elif limit and len(dated) == limit:
            heapq.heappushpop(dated, (post.created_at, -index, post))
        else:
            heapq.heappush(dated, (post.created_at, -index, post))
    newest_first = [post for _, _, post in sorted(dated, reverse=True)]
    room = limit - len(newest_first) if limit else len(undated)
    return newest_first + list(undated)[len(undated) - min(room, len(undated)) :]
