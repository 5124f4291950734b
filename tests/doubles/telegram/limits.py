"""Flood control: how many messages a bot may send where."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from tests.doubles.telegram.refused import too_many


@dataclass
class Bucket:
    """`size` messages at once, and again one every `every` seconds; who overdoes it is not heard for a while."""

    size: int
    every: float
    level: float = 0.0  # how many of them are used
    at: float = field(default_factory=time.monotonic)
    blocked_until: float = 0.0

    def wait(self, n: int) -> float:
        """Seconds until `n` more fit."""
        now = time.monotonic()
        self.level = max(0.0, self.level - (now - self.at) / self.every)
        self.at = now
        needed = (self.level + min(n, self.size) - self.size) * self.every
        return max(needed, self.blocked_until - now)


class Limits:
    """All times are `scale` times Telegram's; without scale nothing is limited."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.hits: list[int] = []  # the chats in which the bot overdid it
        self._overall = Bucket(30, scale / 30)
        self._chats: dict[int, Bucket] = {}

    def take(self, chat_id: int, n: int = 1) -> None:
        """`n` messages or edits; raises when there were too many."""
        if not self.scale:
            return
        buckets = (self._overall, self._bucket(chat_id))
        for bucket in buckets:
            wait = bucket.wait(n)
            if wait > 1e-9:
                self._refuse(bucket, wait, chat_id)
        for bucket in buckets:
            bucket.level += n

    def _bucket(self, chat_id: int) -> Bucket:
        if chat_id not in self._chats:
            self._chats[chat_id] = Bucket(5, self.scale) if chat_id > 0 else Bucket(20, 3 * self.scale)
        return self._chats[chat_id]

    def _refuse(self, bucket: Bucket, wait: float, chat_id: int) -> None:
        """Whole seconds are told, and all of them are meant."""
        told = max(1, math.ceil(wait / self.scale))
        bucket.blocked_until = max(bucket.blocked_until, time.monotonic() + told * self.scale)
        self.hits.append(chat_id)
        raise too_many(told)
