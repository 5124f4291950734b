from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.arguments import (
    CancelArguments,
    ForgetArguments,
    SayArguments,
    TrainArguments,
    parse_cancel,
    parse_forget,
    parse_none,
    parse_say,
    parse_train,
)
from bot.errors import BadInput


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Alice", TrainArguments(("alice",))),
        ("alice", TrainArguments(("alice",))),
        ("@b @a", TrainArguments(("b", "a"))),
        ("@a --from posts.csv", TrainArguments(("a",), (Path("posts.csv"),))),
        ("--from=posts.csv @a", TrainArguments(("a",), (Path("posts.csv"),))),
        ("@a --from 'my posts.txt'", TrainArguments(("a",), (Path("my posts.txt"),))),
        ("@a @b --from 1.txt --from 2.txt", TrainArguments(("a", "b"), (Path("1.txt"), Path("2.txt")))),
        ("@a --from ~/posts.txt", TrainArguments(("a",), (Path.home() / "posts.txt",))),
    ],
)
def test_train(text: str, expected: TrainArguments) -> None:
    assert parse_train(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Name an account"),
        ("@a --from", "--from needs a file"),
        ("@a --frm x", "no option --frm"),
        ("@a 'x", "quotation mark"),
        ("@a @A", "named twice"),
        ("@a @b @c @d", "up to 3"),
        ("@a!", "not a handle"),
    ],
)
def test_train_refuses(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_train(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My dream is", SayArguments("My dream is")),
        ("@alice My dream is", SayArguments("My dream is", "alice")),
        ("@Bob-alice My dream is", SayArguments("My dream is", "alice-bob")),
        ("--n 3 My dream is", SayArguments("My dream is", n=3)),
        ("My dream is --n 3", SayArguments("My dream is", n=3)),
        ("My dream is --n=3", SayArguments("My dream is", n=3)),
        ("@alice --n 5 My dream is", SayArguments("My dream is", "alice", 5)),
        ("--n 2 @alice My dream is", SayArguments("My dream is", "alice", 2)),
        ("-- @bob is --n 3", SayArguments("@bob is --n 3")),
        ("@alice -- @bob is", SayArguments("@bob is", "alice")),
        ("don't \"stop", SayArguments("don't \"stop")),
        ("@alice", SayArguments("", "alice")),
        ("", SayArguments("")),
    ],
)
def test_say(text: str, expected: SayArguments) -> None:
    assert parse_say(text) == expected


@pytest.mark.parametrize("text", ["hi --n 0", "hi --n 6", "hi --n many", "--n x", "hi --n ²", "@a/b hi"])
def test_say_refuses(text: str) -> None:
    with pytest.raises(BadInput):
        parse_say(text)


@given(st.text())
def test_say_takes_or_refuses_any_text(text: str) -> None:
    try:
        arguments = parse_say(text)
    except BadInput:
        return
    assert 1 <= arguments.n <= 5
    assert arguments.prompt == arguments.prompt.strip()


def test_cancel() -> None:
    assert parse_cancel(" 12 ") == parse_cancel("#12") == CancelArguments(12)
    for text in ("", "x", "-1", "1 2", "²"):
        with pytest.raises(BadInput, match="Which job"):
            parse_cancel(text)


def test_forget() -> None:
    assert parse_forget("@Alice") == ForgetArguments("alice")
    assert parse_forget("--yes @b-a") == ForgetArguments("a-b", sure=True)
    for text in ("", "--yes", "@a @b"):
        with pytest.raises(BadInput, match="Which persona"):
            parse_forget(text)


def test_nothing_means_nothing() -> None:
    parse_none("  ")
    with pytest.raises(BadInput, match="'x' was too much"):
        parse_none(" x ")
