from __future__ import annotations

import io
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.formats import json_list
from bot.sources.formats.json_list import JsonText
from bot.sources.formats.json_walk import MAX_DEPTH, check_end, elements, keys, skip

ITEMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


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


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("size", [1, 7, None])
def test_marked_encodings(encoding: str, size: int | None) -> None:
    values = ["naïve 🌊", {"日本": ["語"]}]
    assert items(json.dumps(values, ensure_ascii=False).encode(encoding), size) == values


def test_half_characters_in_utf_16() -> None:
    with pytest.raises(BadInput, match=r"posts.json is not UTF-16 text after post 0. Save it as UTF-8"):
        items(b"\xff\xfe" + '["a", '.encode("utf-16-le") + b'"\0\x00\xd8"\0]\0')


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


def walk(data: bytes, wanted: object, size: int | None = None) -> list[tuple[str, object]]:
    """An object's keys, with the values of those that are wanted; the others are passed over."""
    text = JsonText(reader(data, size), "result.json")
    found = [(key, text.value() if key == wanted else None) for key in keys(text)]
    check_end(text)
    return found


@given(st.dictionaries(st.text(), ITEMS), st.data(), st.integers(1, 30), st.sampled_from([None, 1]))
def test_any_object_in_pieces_of_any_size(
    value: dict[str, object], data: st.DataObject, size: int, indent: int | None
) -> None:
    wanted = data.draw(st.sampled_from([*value, None]))
    expected = [(key, value[key] if key == wanted else None) for key in value]
    assert walk(json.dumps(value, indent=indent).encode(), wanted, size) == expected


def inner_messages(text: JsonText) -> Iterator[object]:
    for key in keys(text):
        if key == "messages":
            yield from text.inner_items()


def test_a_list_inside_objects() -> None:
    content = b'{"about": "x", "chats": [{"id": 1}, {"messages": [1, "two", {}]}, [3]], "n": 1e5, "end": null} '
    for size in (1, 2, 3, None):
        text = JsonText(reader(content, size), "result.json")
        found: list[object] = []
        for key in keys(text):
            if key == "chats":
                for _ in elements(text):
                    if text.peek() == "{":
                        found += inner_messages(text)
        check_end(text)
        assert found == [1, "two", {}]


@pytest.mark.parametrize("number", ["12345678", "-1.5e+10", "0.25", "1E5", "7"])
def test_numbers_are_whole_wherever_they_are_cut(number: str) -> None:
    for size in range(1, 12):
        assert walk(f'{{"id": {number}, "x": 1}}'.encode(), "id", size)[0] == ("id", json.loads(number))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "result.json is broken after post 0 (no { follows): it may be cut short. Download or save the file again.",
        ),
        ("[]", "there is '[' where { should be"),
        ('{"a"', "no : follows"),
        ('{"a" 1}', "there is '1' where : should be"),
        ("{1: 2}", "there is '1' where \" should be"),
        ('{"a": }', "no value follows"),
        ('{"a": 1 "b": 2}', "there is '\"' where , or } should be"),
        ('{"a": [1, 2', "no ] follows"),
        ('{"a": [1}', "there is '}' where ] should be"),
        ('{"a": {"b": [}]}', "there is '}' where ] should be"),
        ('{"a": "never', "a string has no end"),
        ('{"a": "never\\', "a string has no end"),
        ('{"a": 1} x', "there is 'x' after its end"),
        ('{"a": ' + "[" * 100_000, "it is nested too deeply"),
    ],
)
def test_broken_objects(text: str, message: str) -> None:
    for size in (None, 5):
        with pytest.raises(BadInput, match=re.escape(message)):
            walk(text.encode(), None, size)


def test_how_deep_may_be_passed_over() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert walk(b'{"a": ' + deep + b"}", None) == [("a", None)]


@pytest.mark.parametrize(
    ("opening", "filling", "end"),
    [
        (b'"', b"some text \\u0041\\n", b'"'),
        (b'"', b"\\\\", b'"'),
        (b"[", b'{"a": [1, "]"]}, ', b"0]"),
        (b"[", b" ", b"]"),
        (b"{", b'"key": "}", ', b'"": 0}'),
        (b"", b"9", b""),
        (b"[", b"1,", b"1]"),
    ],
)
def test_what_is_passed_over_may_be_of_any_size(opening: bytes, filling: bytes, end: bytes) -> None:
    """Six megabytes, in memory for a few pieces of text."""
    pieces = iter([b'{"a": ' + opening, *[filling * (2**16 // len(filling))] * 100, end + b', "b": 1}'])
    tracemalloc.start()
    try:
        text = JsonText(lambda _: next(pieces, b""), "result.json")
        assert [(key, text.value() if key == "b" else None) for key in keys(text)] == [("a", None), ("b", 1)]
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_passing_over_one_value() -> None:
    text = JsonText(reader(b'{"a": [1, "x]"]} 2'), "x.json")
    skip(text)
    assert text.value() == 2
