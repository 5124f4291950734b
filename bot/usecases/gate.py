"""Who may speak and train at this moment: blocks, places, roles, pauses, quotas. The operator's own space has no rules.

Who is blocked may still opt out, ask what is stored, and have what is theirs forgotten: that is their right.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot import policy
from bot.domain import Caller, UserRules, private_space
from bot.errors import DiskFull
from bot.live import LiveSettings
from bot.ports import Chats, Store, Users
from bot.settings import LimitSettings

GENERATIONS, TRAININGS, OPTOUTS = "generation", "training", "optout"
OPTOUTS_A_DAY = 3
REMEMBERED = 10_000  # people whose last question's time is kept


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Gate:
    store: Store
    chats: Chats
    users: Users
    live: LiveSettings
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = utc_now
    _asked: dict[tuple[str, str], float] = field(default_factory=dict)
    _submitting: set[tuple[str, str]] = field(default_factory=set)
    _at_work: Counter[tuple[str, str]] = field(default_factory=Counter)
    _admitting: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def limits(self) -> LimitSettings:
        return self.live.now.limits

    @asynccontextmanager
    async def speaking(self, caller: Caller, n: int) -> AsyncIterator[None]:
        """While somebody gets `n` samples. Raises NotAllowed or Limited."""
        if not caller.space:
            yield
            return
        who = (caller.platform, caller.user)
        async with self._admitting:  # one after the other: what the one before is given counts
            await self._admit(caller, who, n)
            self._at_work[who] += 1
        try:
            yield
        finally:
            self._at_work[who] -= 1
            if not self._at_work[who]:
                del self._at_work[who]

    async def _admit(self, caller: Caller, who: tuple[str, str], n: int) -> None:
        """Check, then count."""
        person = await self._person(caller)
        rules = await self.chats.rules(caller.space)
        used = await self.chats.used(caller.space, GENERATIONS, self._today())
        own = await self._used_of_own(person, GENERATIONS) or 0
        policy.check_place(rules, caller)
        policy.check_own_generations(own, person.generations_a_day, self.now())
        if not caller.admin:
            self._check_pace(rules, used, who)
        with suppress(DiskFull):  # a full disk stops training, not talking
            await self.chats.use(caller.space, GENERATIONS, self._today(), n)
            if person.generations_a_day is not None:
                await self.chats.use(own_space(person.user), GENERATIONS, self._today(), n)

    def _check_pace(self, rules: policy.Rules, used: int, who: tuple[str, str]) -> None:
        policy.check_at_once(self._at_work[who], self.limits.answers_at_once)
        policy.check_pause(self.clock() - self._asked.get(who, float("-inf")), self.limits.cooldown_seconds)
        policy.check_generations(used, _lower(rules.generations_a_day, self.limits.generations_a_day), self.now())
        self._remember(who)

    async def _person(self, caller: Caller) -> UserRules:
        """What the operator has decided about them. Raises NotAllowed when they are blocked."""
        person = await self.users.user(named(caller))
        policy.check_blocked(person)
        return person

    async def _used_of_own(self, person: UserRules, what: str) -> int | None:
        return await used_of_own(self.chats, person, what, self._today())

    def _remember(self, who: tuple[str, str]) -> None:
        """The latest is last; the oldest go."""
        self._asked.pop(who, None)
        self._asked[who] = self.clock()
        if len(self._asked) > REMEMBERED:
            del self._asked[next(iter(self._asked))]

    @asynccontextmanager
    async def training(self, caller: Caller) -> AsyncIterator[None]:
        """While somebody asks for a training, files included: one at a time. Raises NotAllowed or Limited."""
        who = (caller.platform, caller.user)
        policy.check_at_once(len(self._submitting & {who}), 1)
        self._submitting.add(who)
        try:
            if caller.space:
                await self._check_training(caller)
            yield
        finally:
            self._submitting.discard(who)

    async def _check_training(self, caller: Caller) -> None:
        person = await self._person(caller)
        rules = await self.chats.rules(caller.space)
        policy.check_trainer(rules, caller)
        own = await self._used_of_own(person, TRAININGS) or 0
        policy.check_own_trainings_a_day(own, person.trainings_a_day, self.now())
        if caller.admin:
            return
        mine = [job for job in await self.store.unfinished_jobs() if job.caller.user == caller.user]
        policy.check_own_trainings(len(mine), self.limits.trainings_at_once)
        used = await self.chats.used(caller.space, TRAININGS, self._today())
        limit = self.limits.private_trainings_a_day if caller.private else self.limits.trainings_a_day
        policy.check_trainings(used, _lower(rules.trainings_a_day, limit), self.now())

    async def check_place(self, caller: Caller) -> None:
        """May this be said here, for all to see? Raises NotAllowed."""
        if caller.space:
            await self._person(caller)
            policy.check_place(await self.chats.rules(caller.space), caller)

    async def opting_out(self, caller: Caller) -> None:
        """Count it: a person may silence a few accounts a day, not all of them. Raises Limited.

        Admins too: everybody is one in a server of their own, and who opts out is silent everywhere.
        """
        if not caller.space:
            return
        space = private_space(caller.platform, caller.user)
        policy.check_optouts(await self.chats.used(space, OPTOUTS, self._today()), OPTOUTS_A_DAY)
        await self.chats.use(space, OPTOUTS, self._today(), 1)

    async def count_training(self, caller: Caller) -> None:
        if not caller.space:
            return
        await self.chats.use(caller.space, TRAININGS, self._today(), 1)
        person = await self.users.user(named(caller))
        if person.trainings_a_day is not None:
            await self.chats.use(own_space(person.user), TRAININGS, self._today(), 1)

    async def give_training_back(self, caller: Caller) -> None:
        """It came to nothing: it doesn't count."""
        if not caller.space:
            return
        for space in (caller.space, own_space(named(caller))):
            if await self.chats.used(space, TRAININGS, self._today()):
                await self.chats.use(space, TRAININGS, self._today(), -1)

    def _today(self) -> str:
        return self.now().date().isoformat()


def _lower(rule: int | None, limit: int) -> int:
    """A space's admins may be stricter than the operator, not more generous."""
    return limit if rule is None else min(rule, limit)


def named(caller: Caller) -> str:
    """As the operator names them: `discord:123`."""
    return f"{caller.platform}:{caller.user}"


def own_space(user: str) -> str:
    """Where a person's own quotas are counted, over all spaces."""
    return f"user:{user}"


async def used_of_own(chats: Chats, person: UserRules, what: str, day: str) -> int | None:
    """How much of their own quota somebody has used; None: they have none, and nothing is counted."""
    quota = {GENERATIONS: person.generations_a_day, TRAININGS: person.trainings_a_day}[what]
    return None if quota is None else await chats.used(own_space(person.user), what, day)
