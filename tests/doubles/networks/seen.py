"""What came, what is answered, and the parameters in between, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.networks.faults import Fault

Json = dict[str, Any]


@dataclass
class Seen:
    """One request. `status` is 0 until, or unless, an answer was made; `sent` counts bytes of its body."""

    path: str
    query: dict[str, str]
    time: float  # monotonic, when it came
    method: str = "GET"
    fault: Fault | None = None
    status: int = 0
    sent: int = 0


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(body, ensure_ascii=False).encode(), headers=headers or {})


class Refused(Exception):
    """An answer without a result. `blame`: what the client could have known to be wrong, if it was that."""

    def __init__(self, reply: Reply, blame: str = "") -> None:
        super().__init__(blame or reply.body.decode())
        self.reply, self.blame = reply, blame


# (name, value, what is wrong with it, as it goes on after "… parameter value [x]") -> the network's own answer
Complain = Callable[[str, str, str], Reply]


class Params:
    """The query of one request; whatever is wrong with it raises Refused."""

    def __init__(self, query: dict[str, str], complain: Complain) -> None:
        self._query, self._complain = query, complain

    def wrong(self, name: str, why: str) -> Refused:
        value = self._query.get(name, "")
        return Refused(self._complain(name, value, why), f"{name}={value!r} {why}")

    def only(self, *names: str) -> None:
        for name in self._query:
            if name not in names:
                raise self.wrong(name, f"is not one of [{','.join(names)}]")

    def text(self, name: str, pattern: str) -> str | None:
        value = self._query.get(name)
        if value is not None and not re.fullmatch(pattern, value):
            raise self.wrong(name, f"does not match ^{pattern}$")
        return value

    def required(self, name: str, pattern: str) -> str:
        value = self.text(name, pattern)
        if value is None:
            raise self.wrong(name, "is missing")
        return value

    def number(self, name: str, least: int, most: int, default: int) -> int:
        value = self.text(name, r"-?[0-9]{1,19}")
        if value is None:
            return default
        if not least <= int(value) <= most:
            raise self.wrong(name, f"is not between {least} and {most}")
        return int(value)

    def names(self, name: str, allowed: frozenset[str]) -> frozenset[str]:
        """A list with commas."""
        if name not in self._query:
            return frozenset()
        given = self._query[name].split(",")
        if not allowed.issuperset(given) or len(set(given)) < len(given):
            raise self.wrong(name, f"is not one of [{','.join(sorted(allowed))}]")
        return frozenset(given)

    def flag(self, name: str) -> bool:
        return self.text(name, "true|false|1|0") in ("true", "1")
