"""Discord's identifiers, which are made of the time."""

from __future__ import annotations

from tests.doubles.changes import Clock

EPOCH = 1420070400000  # milliseconds at which they begin


class Ids:
    """Snowflakes: they grow, and say when they were made."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self, shard: int = 0, shards: int = 1) -> int:
        """A new one; as a guild's it belongs to `shard` of `shards`."""
        moment = max(self._clock.milliseconds() - EPOCH, (self._last >> 22) + (shards > 1))
        moment += (shard - moment) % shards
        made = moment << 22
        self._last = made if made > self._last else self._last + 1
        return self._last
