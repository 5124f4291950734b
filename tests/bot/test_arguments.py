from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.arguments import (
    CancelArguments,
    CardArguments,
    ForgetArguments,
    NoArguments,
    SayArguments,
    TrainArguments,
    parse_cancel,
    parse_card,
    parse_forget,
    parse_none,
    parse_say,
    parse_train,
)
from bot.domain import Voice
from bot.errors import BadInput, UserError
from bot.sources.files import file_reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My dream is", SayArguments("My dream is")),
        ("@pip: My dream is", SayArguments("My dream is", "pip")),
        ("@pip:", SayArguments("", "pip")),
        ("  My   dream is ", SayArguments("My   dream is")),
        ("It's \"my\" dream, isn't it", SayArguments("It's \"my\" dream, isn't it")),
        ('"My dream', SayArguments('"My dream')),
        ("'twas the night", SayArguments("'twas the night")),
        ("@pip My dream is", SayArguments("My dream is", "pip")),
        ("@Pip\tMy\ndream", SayArguments("My\ndream", "pip")),
        ("@Ladle-bob My dream", SayArguments("My dream", "bob-ladle")),
        ("@pip", SayArguments("", "pip")),
        ("hello @pip", SayArguments("hello @pip")),
        ("@", SayArguments("@")),
        ("@ hello", SayArguments("@ hello")),
        ("", SayArguments("")),
    ],
)
def test_prompts_and_personas(text: str, expected: SayArguments) -> None:
    assert parse_say(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "--n 3 @pip My dream is",
        "@pip --n 3 My dream is",
        "@pip My dream is --n 3",
        "@pip My dream --n 3 is",
        "@pip My dream --n=3 is",
        "--n=3   @pip My dream is",
        "@pip My dream is\t--n   3 ",
    ],
)
def test_samples_may_stand_anywhere(text: str) -> None:
    assert parse_say(text) == SayArguments("My dream is", "pip", 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- @pip --n 3 is what I typed", SayArguments("@pip --n 3 is what I typed")),
        ("@pip -- @bob said --n 3", SayArguments("@bob said --n 3", "pip")),
        ("@pip --n 2 -- --n 3", SayArguments("--n 3", "pip", 2)),
        ("My dream -- it is --n", SayArguments("My dream it is --n")),
        ("a-- b -- c -- d", SayArguments("a-- b c -- d")),
        ("My dream --", SayArguments("My dream --")),
        ("--nice weather", SayArguments("--nice weather")),
        ("a dash--n 3", SayArguments("a dash--n 3")),
    ],
)
def test_after_two_dashes_everything_is_prompt(text: str, expected: SayArguments) -> None:
    assert parse_say(text) == expected


@pytest.mark.parametrize("n", ["0", "6", "-1", "three", "2.5", "²", "٣", "1" * 5_000])
def test_numbers_of_samples_that_are_none(n: str) -> None:
    with pytest.raises(BadInput, match="1 to 5"):
        parse_say(f"hello --n {n}")


@pytest.mark.parametrize("text", ["@pip!", "@a--b hello", "@../x hello", "@-", "@" + "x" * 65])
def test_personas_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match="is not a handle"):
        parse_say(text)


words = st.sampled_from(
    ["@", "@pip", "--n", "--n=", "3", "--", " -- ", "=", "'", '"', "\\", "\n", "\0", "🍲", "9" * 5_000]
)
lines = st.one_of(st.text(), st.lists(words | st.text(max_size=3)).map(" ".join))


@given(lines)
def test_whatever_is_said_is_understood_or_refused(text: str) -> None:
    with suppress(BadInput):
        arguments = parse_say(text)
        assert arguments.prompt == arguments.prompt.strip()
        assert 1 <= arguments.n <= 5


@given(lines)
def test_after_two_dashes_nothing_is_refused(text: str) -> None:
    assert parse_say(f"-- {text}") == SayArguments(text.strip())


@given(lines)
@example("@pip --from ~nobody-here/x")
@example("@pip --from ~")
def test_whatever_is_to_be_trained_is_understood_or_refused(text: str) -> None:
    with suppress(BadInput):
        assert 1 <= len(parse_train(text).voices) <= 3


@given(lines)
@pytest.mark.parametrize("parse", [parse_cancel, parse_card, parse_forget, parse_none])
def test_whatever_else_is_typed_is_understood_or_refused(parse: Callable[[str], object], text: str) -> None:
    with suppress(BadInput):
        parse(text)


def voices(*handles: str) -> tuple[Voice, ...]:
    return tuple(map(Voice, handles))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@pip --fresh", TrainArguments(voices("pip"), fresh=True)),
        ("--fresh @pip --from x.csv", TrainArguments(voices("pip"), (Path("x.csv"),), True)),
        ("@pip:2 @bob", TrainArguments((Voice("pip", 2.0), Voice("bob")))),
        ("@pip", TrainArguments(voices("pip"))),
        ("Pip @bob", TrainArguments(voices("pip", "bob"))),
        ("@pip --from tweets.js", TrainArguments(voices("pip"), (Path("tweets.js"),))),
        ("--from tweets.js @pip", TrainArguments(voices("pip"), (Path("tweets.js"),))),
        ("@pip --from=tweets.js", TrainArguments(voices("pip"), (Path("tweets.js"),))),
        ("@a --from 1.js @b --from 2.js", TrainArguments(voices("a", "b"), (Path("1.js"), Path("2.js")))),
        ("@pip --from 'my posts/all of them.csv'", TrainArguments(voices("pip"), (Path("my posts/all of them.csv"),))),
        ('@pip --from="my posts.csv"', TrainArguments(voices("pip"), (Path("my posts.csv"),))),
        ("@pip --from my\\ posts.csv", TrainArguments(voices("pip"), (Path("my posts.csv"),))),
        ("@pip --from a=b.csv", TrainArguments(voices("pip"), (Path("a=b.csv"),))),
        ("file:posts/Pip.jsonl", TrainArguments(voices("pip"), (Path("posts/Pip.jsonl"),))),
        ("@bob 'file:my posts.csv'", TrainArguments(voices("my_posts", "bob"), (Path("my posts.csv"),))),
        (
            "@pip --from a.csv --column 'the text' --lang English",
            TrainArguments(voices("pip"), (Path("a.csv"),), part="the text", language="en"),
        ),
        ("@pip --from r.json --sender=Ann", TrainArguments(voices("pip"), (Path("r.json"),), part="Ann")),
        ("x:pip --spend 16.50", TrainArguments((Voice("pip", 1.0, "x", "pip"),), spend=16_500_000)),
        ("https://x.com/pip --spend $16", TrainArguments((Voice("pip", 1.0, "x", "pip"),), spend=16_000_000)),
    ],
)
def test_accounts_and_files(text: str, expected: TrainArguments) -> None:
    assert parse_train(text) == expected


def test_the_home_folder_is_found_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "posts.txt").write_text("hello")
    monkeypatch.setenv("HOME", str(tmp_path))
    (path,) = parse_train("@pip --from ~/posts.txt").files
    assert file_reference("pip", path).reference == f"file:{tmp_path}/posts.txt"
    (path,) = parse_train("@pip --from ~nobody-here/posts.txt").files
    with pytest.raises(UserError):
        file_reference("pip", path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Name an account"),
        ("--from tweets.js", "Name an account"),
        ("@a @b @c @d", "up to 3"),
        ("@a @A", "named twice"),
        ("@a --from", "--from needs something after it, like /train @alice --from tweets.js"),
        ("@a --lang", "--lang needs something after it"),
        ("@a --lang klingonese", "is no language"),
        ("@a --spend lots", "--spend takes dollars"),
        ("@a --spend 1e9", "--spend takes dollars"),
        ("@a --form x.js", "no option --form"),
        ("@a tweets.js", "looks like a file: put --from before it"),
        ("@a --from it's.js", "quotation mark is open"),
        ('@a --from "x.js', "quotation mark is open"),
        ("@a-b", "is not a handle"),
    ],
)
def test_trainings_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse_train(text)


@pytest.mark.parametrize("text", ["3", " #3 "])
def test_jobs_by_their_number(text: str) -> None:
    assert parse_cancel(text) == CancelArguments(3)


@pytest.mark.parametrize("text", ["", "three", "-3", "3 4", "##3", "²", "1" * 5_000])
def test_numbers_of_jobs_that_are_none(text: str) -> None:
    with pytest.raises(BadInput, match="Which job"):
        parse_cancel(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@Pip", ForgetArguments("pip")),
        ("pip", ForgetArguments("pip")),
        ("@ladle-bob --yes", ForgetArguments("bob-ladle", True)),
        ("--yes @pip", ForgetArguments("pip", True)),
    ],
)
def test_whom_to_forget(text: str, expected: ForgetArguments) -> None:
    assert parse_forget(text) == expected


@pytest.mark.parametrize("text", ["", "--yes", "@pip @bob", "@pip yes"])
def test_not_one_persona_to_forget(text: str) -> None:
    with pytest.raises(BadInput, match="Which persona"):
        parse_forget(text)


def test_nothing_is_taken_where_nothing_belongs() -> None:
    assert parse_none("  ") == NoArguments()
    with pytest.raises(BadInput, match="'now' was too much"):
        parse_none(" now ")


def test_a_card_is_of_one_persona_or_the_current_one() -> None:
    assert parse_card("") == CardArguments()
    assert parse_card(" @Ladle-bob ") == CardArguments("bob-ladle")
    with pytest.raises(BadInput, match="One persona at a time"):
        parse_card("@pip @bob")
