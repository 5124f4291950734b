from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Busy, WorkerDied
from bot.pool import ModelPool
from tests.doubles.generator import SIZE, FakeGenerator

LONG = 3_600.0
T = TypeVar("T")


@dataclass
class Bench:
    """A pool over a fake generator, and people who hold leases in it. Use is ordered by a clock that ticks."""

    max_bytes: int = 10  # room for two of the usual size, and a bit
    wait_seconds: float = LONG
    generator: FakeGenerator = field(default_factory=FakeGenerator)

    def __post_init__(self) -> None:
        ticks = itertools.count(1)
        self.pool = ModelPool(
            load=self.generator.load,
            unload=self.generator.unload,
            max_bytes=self.max_bytes,
            wait_seconds=self.wait_seconds,
            clock=lambda: float(next(ticks)),
        )

    async def use(self, *keys: str) -> None:
        for key in keys:
            async with self.pool.lease(key, self.generator.sizes.get(key, SIZE)):
                assert key in self.generator.resident

    def hold(self, key: str, estimate: int | None = None) -> Person:
        person = Person(self.pool, key, estimate or self.generator.sizes.get(key, SIZE))
        person.task = asyncio.create_task(person.lease())
        return person

    def hold_loads(self, *keys: str) -> None:
        self.generator.held |= {key: asyncio.Event() for key in keys}


@dataclass
class Person:
    """Someone who leases a persona until told to leave."""

    pool: ModelPool
    key: str
    estimate: int
    holding: bool = False
    may_fail: bool = False  # its load was made to fail meanwhile
    done: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] = field(init=False)

    async def lease(self) -> None:
        async with self.pool.lease(self.key, self.estimate):
            self.holding = True
            try:
                await self.done.wait()
            finally:
                self.holding = False

    async def leave(self) -> None:
        self.done.set()
        await self.task


async def settle() -> None:
    """Everything that can go on without anybody's doing has gone on."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_residents_stay_and_are_not_loaded_again() -> None:
    bench = Bench()
    await bench.use("a", "b", "a", "b")
    assert bench.generator.log == ["load a", "load b"]
    assert bench.pool.resident == {"a": 4, "b": 4}


async def test_the_one_unused_for_longest_leaves() -> None:
    bench = Bench()
    await bench.use("a", "b", "a", "c")
    assert bench.generator.resident == {"a", "c"}
    await bench.use("b")
    assert bench.generator.resident == {"b", "c"}


async def test_as_many_leave_as_have_to() -> None:
    bench = Bench()
    bench.generator.sizes = {"a": 2, "b": 3, "c": 4, "big": 9}
    await bench.use("a", "b", "c", "big")
    assert bench.generator.log[3:] == ["unload a", "unload b", "unload c", "load big"]
    assert bench.pool.resident == {"big": 9}


async def test_exactly_full_is_not_over() -> None:
    bench = Bench(max_bytes=8)
    await bench.use("a", "b")
    assert bench.generator.resident == {"a", "b"}


async def test_ten_requests_at_once_share_one_load() -> None:
    bench = Bench()
    bench.hold_loads("a")
    people = [bench.hold("a") for _ in range(10)]
    await settle()
    assert not any(person.holding for person in people)
    bench.generator.held["a"].set()
    await settle()
    assert all(person.holding for person in people)
    assert bench.generator.log == ["load a"]


async def test_a_leased_persona_is_never_evicted() -> None:
    bench = Bench(max_bytes=8)
    person = bench.hold("a")
    await settle()
    await bench.use("b", "c", "d")
    assert "unload a" not in bench.generator.log
    await person.leave()


async def test_no_room_means_busy_after_waiting() -> None:
    bench = Bench(max_bytes=5, wait_seconds=0.01)
    person = bench.hold("a")
    await settle()
    with pytest.raises(Busy, match="Try again"):
        await bench.use("b")
    assert bench.generator.log == ["load a"]
    await person.leave()
    await bench.use("b")


async def test_a_waiter_gets_the_room_that_a_lease_leaves() -> None:
    bench = Bench(max_bytes=5)
    first = bench.hold("a")
    await settle()
    second = bench.hold("b")
    await settle()
    assert not second.holding
    await first.leave()
    await settle()
    assert second.holding
    assert bench.generator.log == ["load a", "unload a", "load b"]


async def test_a_load_that_fails_reaches_everyone_and_is_not_kept() -> None:
    bench = Bench()
    bench.hold_loads("a")
    bench.generator.errors["a"] = WorkerDied("gone")
    people = [bench.hold("a") for _ in range(3)]
    await settle()
    bench.generator.held.pop("a").set()
    for person in people:
        with pytest.raises(WorkerDied):
            await person.task
    assert bench.pool.resident == {}
    del bench.generator.errors["a"]
    await bench.use("a")
    assert bench.generator.log == ["load a", "load a"]


async def test_one_who_goes_away_does_not_stop_the_others_load() -> None:
    bench = Bench()
    bench.hold_loads("a")
    first, second = bench.hold("a"), bench.hold("a")
    await settle()
    first.task.cancel()
    await settle()
    bench.generator.held["a"].set()
    await settle()
    assert second.holding
    assert bench.generator.log == ["load a"]


async def test_a_load_that_nobody_waits_for_any_more_makes_a_resident_like_any_other() -> None:
    bench = Bench(max_bytes=5)
    bench.hold_loads("a")
    bench.generator.sizes["a"] = 1
    person = bench.hold("a", 5)
    await settle()
    person.task.cancel()
    await settle()
    waiter = bench.hold("b")
    await settle()
    assert not waiter.holding
    bench.generator.held["a"].set()
    await settle()
    assert waiter.holding
    assert bench.pool.resident == {"a": 1, "b": 4}


async def test_a_load_that_fails_with_nobody_waiting_is_not_kept_either() -> None:
    bench = Bench()
    bench.hold_loads("a")
    bench.generator.errors["a"] = WorkerDied("gone")
    person = bench.hold("a")
    await settle()
    person.task.cancel()
    await settle()
    bench.generator.held.pop("a").set()
    await settle()
    del bench.generator.errors["a"]
    await bench.use("a")


async def test_a_persona_larger_than_the_limit_may_be_alone() -> None:
    bench = Bench()
    bench.generator.sizes["big"] = 50
    await bench.use("a", "big")
    assert bench.pool.resident == {"big": 50}
    await bench.use("a")
    assert bench.pool.resident == {"a": 4}


async def test_a_persona_larger_than_the_limit_waits_for_leases() -> None:
    bench = Bench()
    small = bench.hold("a")
    await settle()
    bench.generator.sizes["big"] = 50
    big = bench.hold("big")
    await settle()
    assert not big.holding
    await small.leave()
    await settle()
    assert big.holding


async def test_what_a_load_came_out_as_counts_from_then_on() -> None:
    bench = Bench()
    await bench.use("a", "b")
    bench.generator.sizes["c"] = 9
    person = bench.hold("c", 1)
    await settle()
    assert bench.pool.resident == {"c": 9}
    await person.leave()


async def test_too_much_for_the_limit_goes_when_its_leases_end() -> None:
    bench = Bench()
    bench.generator.sizes |= {"a": 8, "b": 8}
    first, second = bench.hold("a", 1), bench.hold("b", 1)
    await settle()
    assert bench.pool.resident == {"a": 8, "b": 8}
    await first.leave()
    assert bench.pool.resident == {"b": 8}
    await second.leave()
    assert bench.pool.resident == {"b": 8}


async def test_dropping_waits_for_leases() -> None:
    bench = Bench(max_bytes=12)
    await bench.use("pip/v1", "pip/v2", "pip-bob/v1")
    person = bench.hold("pip/v1")
    await settle()
    dropping = asyncio.create_task(bench.pool.drop("pip/"))
    await settle()
    assert bench.generator.resident == {"pip/v1", "pip-bob/v1"}
    assert not dropping.done()
    await person.leave()
    await settle()
    assert dropping.done()
    assert bench.generator.resident == {"pip-bob/v1"}


async def test_one_version_is_dropped_and_none_that_is_named_like_it() -> None:
    bench = Bench(max_bytes=12)
    await bench.use("pip/v1", "pip/v10")
    person = bench.hold("pip/v10")
    await settle()
    dropping = asyncio.create_task(bench.pool.drop_one("pip/v1"))
    await settle()
    assert dropping.done()
    assert bench.generator.resident == {"pip/v10"}
    await person.leave()


async def test_dropping_does_not_wait_for_who_comes_later() -> None:
    bench = Bench()
    old = bench.hold("pip/v1")
    await settle()
    dropping = asyncio.create_task(bench.pool.drop("pip/"))
    await settle()
    new = bench.hold("pip/v2")
    await settle()
    await old.leave()
    await settle()
    assert dropping.done()
    assert new.holding
    assert bench.generator.resident == {"pip/v2"}


async def test_dropping_waits_for_a_load_that_nobody_waits_for() -> None:
    bench = Bench()
    bench.hold_loads("pip/v1")
    person = bench.hold("pip/v1")
    await settle()
    person.task.cancel()
    dropping = asyncio.create_task(bench.pool.drop("pip/"))
    await settle()
    assert not dropping.done()
    bench.generator.held["pip/v1"].set()
    await settle()
    assert dropping.done()
    assert bench.generator.resident == set()


async def test_after_a_reset_everything_is_loaded_anew() -> None:
    bench = Bench()
    await bench.use("a")
    person = bench.hold("a")
    await settle()
    bench.pool.reset()
    assert bench.pool.resident == {}
    again = bench.hold("a")
    await settle()
    assert again.holding
    await person.leave()
    await again.leave()
    assert bench.generator.log == ["load a", "load a"]
    assert bench.pool.resident == {"a": 4}


async def test_a_load_from_before_a_reset_does_not_touch_the_one_after_it() -> None:
    bench = Bench()
    bench.hold_loads("a")
    bench.generator.errors["a"] = WorkerDied("gone")
    before = bench.hold("a")
    await settle()
    bench.pool.reset()
    gate = bench.generator.held.pop("a")
    del bench.generator.errors["a"]
    after = bench.hold("a")
    await settle()
    bench.generator.errors["a"] = WorkerDied("gone")
    gate.set()
    with pytest.raises(WorkerDied):
        await before.task
    assert after.holding
    assert bench.pool.resident == {"a": 4}


async def test_a_reset_in_the_middle_of_dropping() -> None:
    bench = Bench()
    await bench.use("pip/v1", "pip/v2")
    dropping = asyncio.create_task(bench.pool.drop("pip/"))
    await asyncio.sleep(0)  # the first one is being unloaded
    bench.pool.reset()
    await dropping
    assert bench.pool.resident == {}


SIZES = {"a": 2, "b": 5, "c": 6, "big": 15}
ACTIONS = ["come", "come", "come", "leave", "cancel", "load", "load", "fail", "drop", "reset"]
STEPS = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 11)), min_size=20, max_size=60)


@dataclass
class Schedule:
    """People who come, wait, leave and give up in any order, while loads end well or badly, slowly."""

    factor: int = 1  # true sizes are this many times their estimates
    bench: Bench = field(default_factory=Bench)
    people: list[Person] = field(default_factory=list)
    drops: list[asyncio.Task[None]] = field(default_factory=list)

    async def run(self, steps: list[tuple[str, int]]) -> None:
        self.bench.generator.sizes = {key: size * self.factor for key, size in SIZES.items()}
        self.bench.hold_loads(*SIZES)
        for name, number in steps:
            getattr(self, name)(number)
            for _ in range(3):
                self.check()
                await asyncio.sleep(0)
            await settle()
            self.check()
            self.check_nobody_waits_in_vain()
        await self.finish()

    def come(self, number: int) -> None:
        key = pick(list(SIZES), number)
        self.people.append(self.bench.hold(key, SIZES[key]))

    def leave(self, number: int) -> None:
        for person in self._present(number):
            person.done.set()

    def cancel(self, number: int) -> None:
        for person in self._present(number):
            person.task.cancel()

    def _present(self, number: int) -> list[Person]:
        """One of those who wait or hold, if there is one."""
        present = [person for person in self.people if not person.task.done()]
        return [pick(present, number)] if present else []

    def load(self, number: int) -> None:
        for key in self._loading(number):
            self.let(key)

    def fail(self, number: int) -> None:
        for key in self._loading(number):
            self.let(key, WorkerDied("gone"))

    def _loading(self, number: int) -> list[str]:
        """One of the keys that are being loaded, if there is one."""
        loading = sorted(set(self.bench.pool.resident) - self.bench.generator.resident)
        return [pick(loading, number)] if loading else []

    def let(self, key: str, error: Exception | None = None) -> None:
        """A load's end."""
        self.bench.generator.errors.pop(key, None)
        if error is not None:
            self.bench.generator.errors[key] = error
            for person in self.people:
                person.may_fail |= person.key == key
        self.bench.generator.held[key].set()
        self.bench.generator.held[key] = asyncio.Event()

    def drop(self, number: int) -> None:
        self.drops.append(asyncio.create_task(self.bench.pool.drop(pick(["", *SIZES], number))))

    def reset(self, _: int) -> None:
        """The worker is gone: so are its loads and everybody's leases."""
        self.bench.pool.reset()
        self.bench.generator.resident.clear()
        for key in SIZES:
            self.let(key, WorkerDied("gone"))
        for person in self.people:
            person.task.cancel()

    def check(self) -> None:
        resident = self.bench.pool.resident
        if self.factor == 1:
            assert sum(resident.values()) <= self.bench.max_bytes or len(resident) == 1
        for person in self.people:
            if person.holding and not person.task.cancelling():
                assert person.key in self.bench.generator.resident

    def check_nobody_waits_in_vain(self) -> None:
        held = {person.key for person in self.people if person.holding}
        loading = set(self.bench.pool.resident) - self.bench.generator.resident
        stuck = sum(self.bench.generator.sizes[key] for key in held | loading)
        for person in self.people:
            if not person.task.done() and person.key not in held | loading and self.factor == 1:
                assert stuck
                assert stuck + SIZES[person.key] > self.bench.max_bytes

    async def finish(self) -> None:
        """Once everybody may go on and leave, everybody does, and the next use finds the pool within its limit."""
        for key, gate in self.bench.generator.held.items():
            self.bench.generator.errors.pop(key, None)
            gate.set()
        for person in self.people:
            person.done.set()
        await settle()
        await settle()
        async with asyncio.timeout(5):
            await asyncio.gather(*map(end, self.people), *self.drops)
            await self.bench.use("a")
        resident = self.bench.pool.resident
        assert set(resident) == self.bench.generator.resident
        assert sum(resident.values()) <= self.bench.max_bytes or len(resident) == 1


def pick(choices: list[T], number: int) -> T:
    return choices[number % len(choices)]


async def end(person: Person) -> None:
    try:
        with suppress(asyncio.CancelledError):
            await person.task
    except WorkerDied:
        assert person.may_fail


@settings(max_examples=150, deadline=None)
@given(STEPS)
def test_never_over_the_limit_and_never_evicting_what_is_leased(steps: list[tuple[str, int]]) -> None:
    asyncio.run(Schedule().run(steps))


@settings(max_examples=50, deadline=None)
@given(STEPS)
def test_within_the_limit_again_after_loads_that_came_out_larger(steps: list[tuple[str, int]]) -> None:
    asyncio.run(Schedule(factor=3).run(steps))


# Prefetching


async def test_what_will_be_asked_for_is_loaded_before() -> None:
    bench = Bench()
    bench.pool.prefetch("pip", SIZE)
    bench.pool.prefetch("pip", SIZE)
    await asyncio.sleep(0.01)
    assert bench.generator.log == ["load pip"]
    await bench.use("pip")
    assert bench.generator.log == ["load pip"]
    assert (bench.pool.stats.hits, bench.pool.stats.misses) == (1, 0)


async def test_nobody_has_to_leave_for_a_guess() -> None:
    bench = Bench()
    await bench.use("pip", "ladle")
    bench.pool.prefetch("bob", SIZE)
    await asyncio.sleep(0.01)
    assert set(bench.pool.resident) == {"pip", "ladle"}


async def test_a_guess_that_cannot_be_loaded_harms_nobody() -> None:
    bench = Bench()
    bench.generator.errors["pip"] = RuntimeError("damaged")
    bench.pool.prefetch("pip", SIZE)
    await asyncio.sleep(0.01)
    assert not bench.pool.resident


# Figures


async def test_hits_and_misses() -> None:
    bench = Bench()
    await bench.use("pip", "pip", "ladle", "bob", "pip")
    assert (bench.pool.stats.hits, bench.pool.stats.misses) == (1, 4)


# Around an eviction


async def test_nobody_leaves_for_what_finds_no_room_anyway() -> None:
    bench = Bench(wait_seconds=0.01)
    await bench.use("pip")
    holder = bench.hold("ladle")
    await asyncio.sleep(0.01)
    with pytest.raises(Busy):
        async with bench.pool.lease("big", 9):
            pass
    assert set(bench.pool.resident) == {"pip", "ladle"}
    holder.task.cancel()


async def test_who_comes_back_at_once_is_loaded_after_it_has_left() -> None:
    bench = Bench()
    await bench.use("pip", "ladle")
    await asyncio.gather(bench.use("bob"), bench.use("pip"))
    assert set(bench.generator.resident) == set(bench.pool.resident)


async def test_a_load_that_a_dead_worker_was_asked_for_is_not_taken_for_the_new_ones() -> None:
    bench = Bench()
    bench.hold_loads("pip")
    person = bench.hold("pip")
    await asyncio.sleep(0.01)
    bench.pool.reset()
    bench.generator.held["pip"].set()
    with pytest.raises(WorkerDied):
        await person.task
    assert not bench.pool.resident
    assert not bench.generator.resident
