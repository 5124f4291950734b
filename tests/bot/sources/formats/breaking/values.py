"""Ways to break a JSON value, before it is written."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from random import Random
from typing import Any

# Raw JSON, or nearly, which json.dumps wouldn't write; in a value it is the string RAW<n>.
RAW = (
    b"9" * 5000,
    b"-1e999999",
    b"NaN",
    b"-Infinity",
    b"[" * 3000 + b"]" * 3000,
    b"[" * 150_000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'"\\ud800\\udc00\\ud800"',
    b'"\\u0000\\u001b[2J\\u202e"',
    b'"\xff\xfe"',
    b'"\xed\xa0\x80"',
    b'"never closed',
    b"'single'",
    b"01",
    b"undefined",
    b"// a comment\n1",
    b'{"a": 1, "a": {"a": 2}, }',
    b"",
)
STRANGE: tuple[object, ...] = (
    *(None, True, False, 0, -1, 10**18, 10**400, 1e308, -0.0, 2**63),
    *("", " ", "\0", "\x1b[2J\u202e", "\ufeff", "RT @", "RT @pip: \u2026", "\u2026", "…" * 999, "@" * 500, "&lt;" * 99),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "Wed Foo 99 99:99:99 +9999 0000", "9" * 13, "1e400"),
    *("x" * 99_999, "x" * 100_001, "<" * 3000, "<a " * 3000, "&" * 3000, "<![CDATA[" * 999, "<p>" * 3000, "…\n" * 3000),
    *([], {}, [[]], {"": ""}, ["a", 3, None], [{"type": "link", "text": "a"}, {"type": []}], {"en": 1, "de": []}),
    *("public_channel", "channel1", "user1", "service", "Announce", "https://www.w3.org/ns/activitystreams#Public"),
    *(f"RAW{number}" for number in range(len(RAW))),
)


def dumped(value: object, rng: Random) -> bytes:
    """JSON of it, with the raw pieces that it names."""
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, None, 1]))
    return re.sub(rb'"RAW(\d+)"', lambda match: RAW[int(match[1])], text.encode("utf-8", "surrogatepass"))


def break_value(value: object, rng: Random) -> object:
    """Up to three places in a value changed, at any depth."""
    for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 4])):
        places = list(_places(value))
        if places:
            container, key = rng.choice(places)
            rng.choice(_VALUE_CHANGES)(container, key, rng)
    return value


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _replace(container: Any, key: Any, rng: Random) -> None:
    container[key] = copy.deepcopy(rng.choice(STRANGE))  # another change may go into it


def _remove(container: Any, key: Any, rng: Random) -> None:
    del container[key]


def _rename(container: Any, key: Any, rng: Random) -> None:
    if isinstance(container, dict):
        container[rng.choice(["", "text", "tweet", "messages", "orderedItems", "\x1b", "x" * 9999])] = container.pop(
            key
        )


def _again(container: Any, key: Any, rng: Random) -> None:
    if isinstance(container, list):
        container.extend([container[key]] * rng.choice([1, 50]))


def _wrap(container: Any, key: Any, rng: Random) -> None:
    inner = container[key]
    container[key] = [inner] if rng.random() < 0.5 else {"tweet": inner}


_VALUE_CHANGES = (_replace, _replace, _replace, _remove, _rename, _again, _wrap)
