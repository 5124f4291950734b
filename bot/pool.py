"""ModelPool: which personas are resident. Byte-bounded LRU, single-flight loads, leases as reference counts.

Invariants: a leased persona is never evicted; the bytes of resident and loading personas never pass the limit, but for
one persona that is larger than the limit by itself, which may be alone, and for what a load came out larger than its
estimate while everything else is leased.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.errors import Busy, MynahError, WorkerDied
from bot.texts import Text

Load = Callable[[str], Awaitable[int]]  # key → resident bytes
Unload = Callable[[str], Awaitable[None]]
Clock = Callable[[], float]


@dataclass
class _Entry:
    """One resident or loading persona."""

    key: str
    n_bytes: int  # an estimate until it is loaded
    loading: asyncio.Task[None] = field(init=False)
    leases: int = 0
    last_used: float = 0.0

    @property
    def idle(self) -> bool:
        return self.leases == 0 and self.loading.done()


@dataclass(frozen=True)
class PoolStats:
    """Since the start. A hit is a lease of a persona that was here, or on its way."""

    hits: int = 0
    misses: int = 0


@dataclass
class ModelPool:
    """`load` and `unload` do the work; `clock` orders use; requests wait up to `wait_seconds` for room."""

    load: Load
    unload: Unload
    max_bytes: int
    wait_seconds: float
    clock: Clock
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _leaving: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # unloads under way
    _freed: asyncio.Event = field(default_factory=asyncio.Event)  # set, and replaced, when a lease or a load ends
    _hits: int = 0
    _misses: int = 0

    @property
    def resident(self) -> dict[str, int]:
        """Keys and bytes, loading ones included."""
        return {key: entry.n_bytes for key, entry in self._entries.items()}

    @property
    def stats(self) -> PoolStats:
        return PoolStats(self._hits, self._misses)

    @asynccontextmanager
    async def lease(self, key: str, estimate: int) -> AsyncIterator[None]:
        """Keep `key` resident for as long as the context lasts, loading it first if need be.

        `estimate` is its bytes as far as known. Raises Busy when no room came free in time, and whatever `load` raises.
        """
        entry = await self._acquire(key, estimate)
        try:
            await asyncio.shield(entry.loading)  # one waiter's going away doesn't stop it for the others
            yield
        finally:
            entry.leases -= 1
            entry.last_used = self.clock()
            self._trim()
            self._announce()

    def prefetch(self, key: str, estimate: int) -> None:
        """Load what will probably be asked for, if there is room for it: nobody has to leave for a guess."""
        if key in self._entries or sum(self.resident.values()) + estimate > self.max_bytes:
            return
        self._add(key, estimate)

    async def _acquire(self, key: str, estimate: int) -> _Entry:
        """The key's entry, one lease taken; a new one starts loading when there is room."""
        try:
            async with asyncio.timeout(self.wait_seconds):
                while (entry := self._try_acquire(key, estimate)) is None:
                    await self._freed.wait()
        except TimeoutError:
            raise Busy(Text("All the memory for personas is in use right now. Try again in a moment.")) from None
        return entry

    def _try_acquire(self, key: str, estimate: int) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is not None:
            self._hits += 1
        elif self._shrink(self.max_bytes - estimate, 0):
            self._misses += 1
            entry = self._add(key, estimate)
        else:
            return None
        entry.leases += 1
        return entry

    def _add(self, key: str, estimate: int) -> _Entry:
        entry = self._entries[key] = _Entry(key, estimate, last_used=self.clock())
        entry.loading = asyncio.create_task(self._fill(entry))
        entry.loading.add_done_callback(self._load_ended)
        return entry

    async def _fill(self, entry: _Entry) -> None:
        """The one load that all of an entry's leases share; it ends well even when nobody waits for it any more."""
        try:
            if self._leaving:  # they make the room
                await asyncio.wait(list(self._leaving.values()))
                self._check(entry)
            entry.n_bytes = await self.load(entry.key)
            if self._entries.get(entry.key) is not entry:
                await self.unload(entry.key)  # a new worker has it, whom nobody would ask
            self._check(entry)
        except BaseException:
            if self._entries.get(entry.key) is entry:
                del self._entries[entry.key]
            raise

    def _check(self, entry: _Entry) -> None:
        """Raises WorkerDied when the pool was reset since."""
        if self._entries.get(entry.key) is not entry:
            raise WorkerDied(f"The worker that was to load {entry.key} is gone.")

    def _trim(self) -> None:
        """Back to the limit, as far as leases let, after a load that came out larger than its estimate."""
        self._shrink(self.max_bytes, 1)

    def _load_ended(self, loading: asyncio.Task[None]) -> None:
        if not loading.cancelled():
            loading.exception()  # seen, even when nobody waits for it any more: asyncio has nothing to log
        self._trim()
        self._announce()

    def _announce(self) -> None:
        """Wake everybody who waits for room or for the end of a lease."""
        self._freed.set()
        self._freed = asyncio.Event()

    def _shrink(self, n_bytes: int, count: int) -> bool:
        """Evict the least recently used personas without leases down to `n_bytes`, or to `count` of them.

        False, and nobody has left, when leases are in the way.
        """
        busy = [entry.n_bytes for entry in self._entries.values() if not entry.idle]
        if len(busy) > count and sum(busy) > n_bytes:
            return False
        total = sum(self.resident.values())
        while len(self._entries) > count and total > n_bytes:
            oldest = min((e for e in self._entries.values() if e.idle), key=lambda entry: entry.last_used)
            total -= oldest.n_bytes
            self._evict(oldest)
        return True

    def _evict(self, entry: _Entry) -> None:
        del self._entries[entry.key]
        self._leaving[entry.key] = asyncio.create_task(self._leave(entry.key))

    async def _leave(self, key: str) -> None:
        try:
            with suppress(MynahError):  # the worker's log has it; what is to be forgotten is gone from the disk
                await self.unload(key)
        finally:
            if self._leaving.get(key) is asyncio.current_task():
                del self._leaving[key]

    async def drop(self, prefix: str) -> None:
        """Unload every persona that is here now and whose key starts with `prefix`, each once its leases are over."""
        await self._drop(lambda key: key.startswith(prefix))

    async def drop_one(self, key: str) -> None:
        """The same for one version."""
        await self._drop(lambda other: other == key)

    async def _drop(self, meant: Callable[[str], bool]) -> None:
        going = [entry for key, entry in self._entries.items() if meant(key)]
        while going:
            freed = self._freed
            for entry in going:
                if entry.idle and self._entries.get(entry.key) is entry:
                    self._evict(entry)
            going = [entry for entry in going if self._entries.get(entry.key) is entry]
            if going:
                await freed.wait()
        leaving = [task for key, task in self._leaving.items() if meant(key)]
        if leaving:
            await asyncio.gather(*leaving)

    def reset(self) -> None:
        """Forget everything: the worker that held it is gone. Loads under way fail by themselves; leases end."""
        self._entries.clear()
        self._announce()
