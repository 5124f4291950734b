"""Buttons that were pressed and inline queries, as the person who waits for the answer sees them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from tests.doubles.telegram.told import Told
from tests.doubles.telegram.users import User

if TYPE_CHECKING:
    from tests.doubles.telegram.messages import Button, Message
    from tests.doubles.telegram.world import World

Json = dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Asked(Told):
    world: World = field(repr=False)
    id: str
    user: User
    asked_at: float  # by the fake's clock
    began: float = field(default_factory=time.monotonic)
    answered: bool = False
    seconds: float | None = None  # until it was answered

    @property
    def age(self) -> float:
        return self.world.clock.now() - self.asked_at

    def done(self) -> None:
        self.answered, self.seconds = True, time.monotonic() - self.began
        self.react()

    async def until(self, seconds: float = 10) -> Self:
        """Until it is answered."""
        await self.world.changes.until(lambda: self.answered, seconds, lambda: f"{self!r}, {self.world.refusals}")
        return self


@dataclass(eq=False, kw_only=True)
class Press(Asked):
    message: Message
    button: Button
    text: str | None = None
    alert: bool = False
    url: str | None = None

    def answer(self, text: str | None, alert: bool, url: str | None) -> None:
        self.text, self.alert, self.url = text, alert, url
        self.done()

    def payload(self) -> Json:
        whole: Json = {"id": self.id, "from": self.user.payload(), "data": self.button.data}
        whole["chat_instance"] = str(abs(self.message.chat.id) * 7919)
        if self.message.inline_message_id:
            return whole | {"inline_message_id": self.message.inline_message_id}
        return whole | {"message": self.message.payload()}


@dataclass(eq=False, kw_only=True)
class Inline(Asked):
    text: str
    offset: str = ""
    chat_type: str = "sender"
    results: list[Json] = field(default_factory=list)
    next_offset: str = ""
    button: Json | None = None
    cached: bool = False  # answered without asking the bot

    @property
    def titles(self) -> list[str]:
        return [result["title"] for result in self.results]

    def answer(self, results: list[Json], next_offset: str, button: Json | None) -> None:
        self.results, self.next_offset, self.button = results, next_offset, button
        self.done()

    def payload(self) -> Json:
        whole: Json = {"id": self.id, "from": self.user.payload(), "query": self.text, "offset": self.offset}
        return whole | {"chat_type": self.chat_type}


@dataclass
class Cache:
    """What Telegram answers by itself for as long as a bot has allowed it: to all people, or to one."""

    kept: dict[tuple[str, str, int], tuple[float, Inline]] = field(default_factory=dict)

    def keep(self, query: Inline, seconds: int, personal: bool) -> None:
        key = (query.text, query.offset, query.user.id if personal else 0)
        self.kept[key] = (query.world.clock.now() + seconds, query)

    def serve(self, query: Inline) -> bool:
        for user in (query.user.id, 0):
            until, known = self.kept.get((query.text, query.offset, user), (0.0, None))
            if known is not None and query.world.clock.now() < until:
                query.answer(known.results, known.next_offset, known.button)
                query.cached = True
                return True
        return False
