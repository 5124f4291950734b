from __future__ import annotations

import io
import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources import json_list
from bot.sources.json_list import JsonText

ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
).filter(lambda value: isinstance(value, str | list | dict))


def reader(data: bytes, size: int | None = None) -> Callable[[int], bytes]:
    """Reads at most `size` bytes at a time, as a slow file may."""
    file = io.BytesIO(data)
    return lambda n: file.read(min(n, size or n))


def items(data: bytes, size: int | None = None) -> list[object]:
    return list(JsonText(reader(data, size), "posts.json").items())


@given(st.lists(ITEMS), st.integers(1, 30), st.booleans(), st.sampled_from([None, 1]))
def test_any_list_in_pieces_of_any_size(values: list[object], size: int, ascii_only: bool, indent: int | None) -> None:
    assert items(json.dumps(values, ensure_ascii=ascii_only, indent=indent).encode(), size) == values


@pytest.mark.parametrize("text", ["[]", " [ ] ", "[] ;", "\ufeff[]\n", "[];\n;"])
def test_empty_lists(text: str) -> None:
    assert items(text.encode()) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "posts.json is broken after post 0 (no [ follows): it may be cut short. Download or save the file again."),
        ("{}", "there is '{' where [ should be"),
        ("[1, 2", "after post 2 (no , or ] follows)"),
        ('[1, "ab', "after post 1 (Unterminated string"),
        ("[1,", "after post 1 (Expecting value)"),
        ("[1,]", "after post 1 (Expecting value)"),
        ("[1 2]", "after post 1 (there is '2' where , or ] should be)"),
        ("[1] x", "there is 'x' where ; should be"),
        ('[{"a" 1}]' + " " * 999, "after post 0 (Expecting ':' delimiter)"),
        ("[" * 100_000, "recursion"),
        ("[" + "9" * 5000 + "]", "Exceeds the limit"),
    ],
)
def test_broken_lists(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        items(text.encode())


@pytest.mark.parametrize("data", [b'["na\xefve"]', b'["a", "\xf0\x9f'])
def test_what_is_not_utf_8(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"posts.json is not UTF-8 text after post [01]. Save it as UTF-8"):
        items(data)


def test_broken_json_is_found_without_reading_on() -> None:
    """A mistake early in a large file is told at once, not after the limit of an item."""
    n_read = 0

    def read(n: int) -> bytes:
        nonlocal n_read
        n_read += n
        return b'[{"a": oops}' + b" " * (n - 12)

    with pytest.raises(BadInput, match="Expecting value"):
        list(JsonText(read, "posts.json").items())
    assert n_read < 100_000


@pytest.mark.parametrize("opening", [b'["a", "', b'["a", [1', b'["a", {"x": ['])
def test_an_item_without_end(opening: bytes) -> None:
    """Refused at its limit, in memory of its order, and in linear time."""
    n_read = 0

    def read(n: int) -> bytes:
        nonlocal n_read
        start = b"" if n_read else opening
        n_read += n
        return start + (b"x" * (n - len(start)) if opening.endswith(b'"') else b",1" * ((n - len(start)) // 2))

    with pytest.raises(BadInput, match=r"over 4 MiB|Expecting value"):
        list(JsonText(read, "posts.json").items())
    assert n_read <= 4 * json_list.MAX_ITEM


def test_a_long_item_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 3_000_000
    assert items(json.dumps([long, "b"]).encode(), 100_000) == [long, "b"]
    monkeypatch.setattr(json_list, "MAX_ITEM", 1000)
    with pytest.raises(BadInput, match="what follows post 1 is over 4 MiB"):
        items(json.dumps(["a", "x" * 1000]).encode())
