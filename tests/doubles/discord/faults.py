"""Trouble on purpose: what the API answers although the request was fine."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

from tests.doubles.discord.refused import Refused


@dataclass
class Rates:
    """How often requests fail at random; a server error comes as often after as before the deed."""

    server_error: float = 0.0
    rate_limited: float = 0.0
    seed: int = 0
    retry_after: tuple[float, float] = (0.05, 0.3)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)


@dataclass
class Fault:
    """What happens to one request; `after`: once it has been done."""

    status: int
    code: int = 0
    message: str = ""
    after: bool = False
    retry_after: float = 0.1

    def refusal(self) -> Refused:
        refused = Refused(self.status, self.code, self.message or f"{self.status}: injected")
        if self.status == 429:
            refused.body |= {"retry_after": self.retry_after, "global": False}
        return refused


@dataclass
class _Planned:
    method: str
    path: re.Pattern[str]
    fault: Fault
    times: int


@dataclass
class Faults:
    rest: Rates = field(default_factory=Rates)
    retry_after: float = 0.1  # of planned 429s, in seconds
    injected: list[tuple[str, str, int]] = field(default_factory=list)  # method, path, status
    _planned: list[_Planned] = field(default_factory=list)
    _delays: list[tuple[re.Pattern[str], float]] = field(default_factory=list)

    def fail(
        self, method: str, path: str, status: int, code: int = 0, message: str = "", times: int = 1, after: bool = False
    ) -> None:
        """The next `times` requests whose path has `path` (a regular expression) in it; any `method` if it is "*"."""
        fault = Fault(status, code, message, after, self.retry_after)
        self._planned.append(_Planned(method, re.compile(path), fault, times))

    def delay(self, path: str, seconds: float) -> None:
        """From now on."""
        self._delays.append((re.compile(path), seconds))

    def clear(self) -> None:
        self.rest, self._planned, self._delays = Rates(), [], []

    def delay_of(self, path: str) -> float:
        return sum(seconds for pattern, seconds in self._delays if pattern.search(path))

    def next(self, method: str, path: str) -> Fault | None:
        fault = self._next_planned(method, path) or self._random()
        if fault is not None:
            self.injected.append((method, path, fault.status))
        return fault

    def _next_planned(self, method: str, path: str) -> Fault | None:
        for planned in self._planned:
            if planned.times > 0 and planned.method in ("*", method) and planned.path.search(path):
                planned.times -= 1
                return planned.fault
        return None

    def _random(self) -> Fault | None:
        rates = self.rest
        drawn = rates.random.random()
        if drawn < rates.server_error:
            return Fault(rates.random.choice([500, 502, 503]), after=rates.random.random() < 0.5)
        if drawn < rates.server_error + rates.rate_limited:
            return Fault(
                429, message="You are being rate limited.", retry_after=rates.random.uniform(*rates.retry_after)
            )
        return None
