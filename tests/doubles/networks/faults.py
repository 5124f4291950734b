"""Trouble on purpose: what a client gets although its request was fine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.doubles.networks.seen import Seen


class Fault(Enum):
    """What happens to one request. Those in `LOST` happen to an answer that was made, and is on the bill."""

    STALL = auto()  # no answer until the server stops
    SLOW_BODY = auto()  # half of the body, and no more until the server stops
    RESET = auto()  # half of the body, and a reset connection
    CLOSE = auto()  # a connection that ends without an answer
    HTML = auto()  # 200, the page of a captive portal
    HTML_502 = auto()
    HALF_JSON = auto()  # 200 and a fitting Content-Length, yet only half of the JSON
    WRONG_SHAPE = auto()  # 200 and sound JSON: one of `server.shapes` after the other
    EMPTY = auto()  # 200 without a body
    HUGE = auto()  # 200 MB
    DEEP = auto()  # a million "["
    REDIRECT = auto()  # 302 to another host, whose visitors are in `server.followed`
    S401 = auto()
    S402 = auto()
    S403 = auto()
    S404 = auto()
    S429 = auto()
    S429_BARE = auto()  # without the headers that say when to come again
    S500 = auto()
    S503 = auto()  # text/plain


LOST = frozenset({Fault.SLOW_BODY, Fault.RESET, Fault.HALF_JSON})
Condition = Callable[["Seen"], bool]


@dataclass
class Plan:
    """Which request gets which fault: those in the queue come first, one for each request; None lets one pass."""

    queue: deque[Fault | None] = field(default_factory=deque)
    lasting: list[tuple[Condition, Fault]] = field(default_factory=list)

    def take(self, seen: Seen) -> Fault | None:
        if self.queue:
            return self.queue.popleft()
        return next((fault for condition, fault in self.lasting if condition(seen)), None)
