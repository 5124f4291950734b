"""ModelPool: which personas are resident. Byte-bounded LRU, single-flight loads, leases as reference counts.

Invariants: a leased persona is never evicted; the bytes of resident and loading personas never pass the limit, but for
one persona that is larger than the limit by itself, which may be alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.errors import Busy

Load = Callable[[str], Awaitable[int]]  # key → resident bytes
Unload = Callable[[str], Awaitable[None]]
Clock = Callable[[], float]


@dataclass
class _Entry:
    """One resident or loading persona."""

    key: str
    n_bytes: int  # an estimate until it is loaded
    loading: asyncio.Task[int]
    leases: int = 0
    last_used: float = 0.0

    @property
    def idle(self) -> bool:
        return self.leases == 0 and self.loading.done()


@dataclass
class ModelPool:
    """`load` and `unload` do the work; `clock` orders use; requests wait up to `wait_seconds` for room."""

    load: Load
    unload: Unload
    max_bytes: int
    wait_seconds: float
    clock: Clock
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)  # held while entries come and go
    _freed: asyncio.Event = field(default_factory=asyncio.Event)  # set, and replaced, whenever a lease ends

    @property
    def resident(self) -> dict[str, int]:
        """Keys and bytes, loading ones included."""
        return {key: entry.n_bytes for key, entry in self._entries.items()}

    @asynccontextmanager
    async def lease(self, key: str, estimate: int) -> AsyncIterator[None]:
        """Keep `key` resident for as long as the context lasts, loading it first if need be.

        `estimate` is its bytes as far as known. Raises Busy when no room came free in time, and whatever `load` raises.
        """
        entry = await self._acquire(key, estimate)
        try:
            await self._loaded(entry)
            yield
        finally:
            entry.leases -= 1
            entry.last_used = self.clock()
            self._freed.set()
            self._freed = asyncio.Event()

    async def _acquire(self, key: str, estimate: int) -> _Entry:
        """The key's entry, one lease taken; a new one starts loading when there is room."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                while (entry := await self._try_acquire(key, estimate)) is None:
                    await self._freed.wait()
        except TimeoutError:
            raise Busy("All the memory for personas is in use right now. Try again in a moment.") from None
        return entry

    async def _try_acquire(self, key: str, estimate: int) -> _Entry | None:
        async with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                if not await self._make_room(estimate):
                    return None
                entry = self._entries[key] = _Entry(key, estimate, asyncio.ensure_future(self.load(key)))
            entry.leases += 1
            return entry

    async def _loaded(self, entry: _Entry) -> None:
        """Wait for the one load that all of an entry's leases share. One waiter's going away doesn't stop it."""
        try:
            entry.n_bytes = await asyncio.shield(entry.loading)
        except BaseException:
            failed = entry.loading.done() and (entry.loading.cancelled() or entry.loading.exception() is not None)
            if failed and self._entries.get(entry.key) is entry:
                del self._entries[entry.key]
            raise
        if sum(self.resident.values()) > self.max_bytes:  # it came out larger than its estimate
            async with self._lock:
                await self._make_room(0)

    async def _make_room(self, n_bytes: int) -> bool:
        """Evict the least recently used personas without leases until `n_bytes` fit; False when they can't."""
        while self._entries and sum(self.resident.values()) + n_bytes > self.max_bytes:
            idle = [entry for entry in self._entries.values() if entry.idle]
            if not idle:
                return False
            await self._evict(min(idle, key=lambda entry: entry.last_used))
        return True

    async def _evict(self, entry: _Entry) -> None:
        del self._entries[entry.key]
        await self.unload(entry.key)

    async def drop(self, prefix: str) -> None:
        """Unload every persona whose key starts with `prefix`, each once its leases are over."""
        while True:
            freed = self._freed
            async with self._lock:
                for entry in [e for e in self._entries.values() if e.key.startswith(prefix) and e.idle]:
                    await self._evict(entry)
            if not any(key.startswith(prefix) for key in self._entries):
                return
            await freed.wait()

    def reset(self) -> None:
        """Forget everything: the worker that held it is gone. Loads under way fail by themselves; leases end."""
        self._entries.clear()
