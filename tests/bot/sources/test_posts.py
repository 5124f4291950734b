from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.sources.posts import (
    MAX_CHARACTERS,
    Broken,
    is_true,
    make_post,
    parse_date,
    parse_id,
    parse_language,
    record_post,
)
from trainer.corpus import Post


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Wed Oct 10 20:19:24 +0000 2018", datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)),
        ("Wed Oct 10 20:19:24 +0200 2018", datetime(2018, 10, 10, 18, 19, 24, tzinfo=UTC)),
        ("2016-12-07T22:59:20+00:00", datetime(2016, 12, 7, 22, 59, 20, tzinfo=UTC)),
        ("2016-12-07T22:59:20Z", datetime(2016, 12, 7, 22, 59, 20, tzinfo=UTC)),
        (" 2016-12-07 22:59:20 UTC ", datetime(2016, 12, 7, 22, 59, 20, tzinfo=UTC)),
        ("2016-12-07", datetime(2016, 12, 7, tzinfo=UTC)),
    ],
)
def test_dates(text: str, date: datetime) -> None:
    assert parse_date(text) == date


@pytest.mark.parametrize(
    "value", [1600000000, "1600000000", " 1600000000 ", 1600000000000, "1600000000000", 1600000000.0, "1600000000.0"]
)
def test_unix_time(value: object) -> None:
    assert parse_date(value) == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "Wed Foo 10 20:19:24 +0000 2018",
        "Wed Feb 31 20:19:24 +0000 2018",
        "0001-01-01T00:00+09:00",
        None,
        12,
        True,
        -1600000000,
        16000000000,
        10**400,
        float("nan"),
        float("inf"),
        "9" * 5000,
        "١٦٠٠٠٠٠٠٠٠",
        ["2016"],
    ],
)
def test_what_is_no_date_is_unknown(value: object) -> None:
    assert parse_date(value) is None


def test_records() -> None:
    assert record_post("hello") == Post("hello")
    assert record_post({"text": "cut…", "full_text": "all of it"}).text == "all of it"
    assert record_post({"text": "hi", "is_retweet": True}).is_retweet
    assert not record_post({"text": "hi", "is_retweet": "false"}).is_retweet
    assert record_post({"text": "RT @pip: hi", "is_retweet": False}).is_retweet
    assert not record_post({"text": "RT this please"}).is_retweet


def test_ids_and_languages_of_records() -> None:
    record = {"text": "hi", "id": 1.2e18, "id_str": "1200000000000000001", "lang": "en"}
    assert record_post(record) == Post("hi", id="1200000000000000001", language="en")
    assert record_post({"text": "hi", "id": 7, "language": "pt_BR"}) == Post("hi", id="7", language="pt-BR")
    assert record_post({"text": "hi", "id": None, "id_str": "", "lang": "und"}) == Post("hi")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("at://did:plc:abc/app.bsky.feed.post/3k", "at://did:plc:abc/app.bsky.feed.post/3k"),
        (" 7 ", "7"),
        (0, "0"),
        (-5, "-5"),
        ("a\ud83d", "a?"),
        *[(value, None) for value in (True, None, 1.5, "", " ", [1], "1.23E+18", "1,23e+18", "x" * 501, 10**400)],
    ],
)
def test_ids(value: object, found: str | None) -> None:
    assert parse_id(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        *[(value, value) for value in ("en", "pt-BR", "zh-Hant-TW", "gsw")],
        *[
            (value, None)
            for value in ("und", "zxx", "QME", "qht", "art", "", "English", "e", "en us", 7, None, ["en"], "日本")
        ],
    ],
)
def test_languages(value: object, found: str | None) -> None:
    assert parse_language(value) == found


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ([1], "a list"),
        (None, "null"),
        (7, "a number"),
        (True, "true or false"),
        ({"txt": "x"}, "neither `text` nor `full_text`"),
        ({"text": {"a": 1}}, "its text is an object"),
        ({"text": None}, "its text is null"),
        ("x" * (MAX_CHARACTERS + 1), "100,001 characters"),
    ],
)
def test_what_is_not_a_post(value: object, wrong: str) -> None:
    with pytest.raises(Broken, match=wrong):
        record_post(value)


def test_half_characters_become_harmless() -> None:
    assert make_post("a\ud83db").text == "a?b"


@pytest.mark.parametrize("value", [True, "true", "True", " t ", "1", "yes", 1])
def test_true(value: object) -> None:
    assert is_true(value)


@pytest.mark.parametrize("value", [False, None, "", "false", "0", 0, "no", "null"])
def test_not_true(value: object) -> None:
    assert not is_true(value)
