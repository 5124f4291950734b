from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.formats.table import csv_posts
from tests.bot.sources.formats.archives import read
from trainer.corpus import Post


def posts_of(folder: Path, content: str, part: str | None = None) -> list[Post]:
    path = folder / "posts.csv"
    path.write_text(content, "utf-8", newline="")
    return read(path, partial(csv_posts, part=part))


def texts(folder: Path, content: str, part: str | None = None) -> list[str]:
    return [post.text for post in posts_of(folder, content, part)]


@pytest.mark.parametrize("name", ["text", "full_text", "tweet", "Post", "CONTENT", " body ", "message"])
def test_the_column_is_found_by_its_name(tmp_path: Path, name: str) -> None:
    assert texts(tmp_path, f'id,{name},likes\n1,"hello, ""you""",3\n\n2,bye,4\n') == ['hello, "you"', "bye"]


def test_the_whole_text_is_preferred(tmp_path: Path) -> None:
    assert texts(tmp_path, "text,full_text\ncut…,all of it\n") == ["all of it"]


def test_retweets_and_dates(tmp_path: Path) -> None:
    posts = posts_of(tmp_path, "Date,text,Is_Retweet\n2020-01-01,a,True\n2021-01-01,b,0\n,RT @pip: c,\n")
    assert [(post.text, post.is_retweet) for post in posts] == [("b", False), ("a", True), ("RT @pip: c", True)]
    assert posts[1].created_at == datetime(2020, 1, 1, tzinfo=UTC)


def test_newlines_inside_quotes(tmp_path: Path) -> None:
    assert texts(tmp_path, 'text,n\r\n"one\ntwo\r\nthree",1\r\n"four",2') == ["one\ntwo\r\nthree", "four"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_what_spreadsheets_write(tmp_path: Path, delimiter: str) -> None:
    assert texts(tmp_path, f"\ufeffid{delimiter}text\n1{delimiter}hello, you\n") == ["hello, you"]


def test_a_single_column(tmp_path: Path) -> None:
    assert texts(tmp_path, 'text\nhello, you\n"one, two"\n') == ["hello, you", "one, two"]


def test_a_single_column_without_a_header(tmp_path: Path) -> None:
    assert texts(tmp_path, "\nwind north-west\nhello, you\n") == ["wind north-west", "hello, you"]


def test_columns_that_nobody_knows(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        posts_of(tmp_path, "id,Quote,likes\n1,a,2\n")
    assert "Its first row is: id, quote, likes." in str(caught.value)
    assert "with --column NAME in a terminal, as the option “column” on Discord, on Telegram with" in str(caught.value)
    assert "full_text, text, tweet, post, content, body, message" in str(caught.value)


@pytest.mark.parametrize("part", ["quote", "Quote", " QUOTE ", "2"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_column_is_named(tmp_path: Path, part: str, delimiter: str) -> None:
    content = "id,Quote,text\n1,one,x\n2,two,y\n".replace(",", delimiter)
    assert [(post.text, post.id) for post in posts_of(tmp_path, content, part)] == [("one", "1"), ("two", "2")]


def test_a_name_is_stronger_than_a_number(tmp_path: Path) -> None:
    assert texts(tmp_path, "2,b,1\nx,y,z\n", "1") == ["z"]


def test_a_number_needs_no_header(tmp_path: Path) -> None:
    assert texts(tmp_path, "7;one, and more;a\n8;two;b\n", "2") == ["one, and more", "two"]
    assert texts(tmp_path, "hello\nyou\n", "1") == ["hello", "you"]
    assert texts(tmp_path, "text\nhello, you\n", "1") == ["hello, you"]


@pytest.mark.parametrize("part", ["quotes", "0", "4", "-1", "1.0", "9" * 5000, "", "²"])
def test_a_column_that_is_not_there(tmp_path: Path, part: str) -> None:
    with pytest.raises(BadInput) as caught:
        posts_of(tmp_path, "id,Quote,text\n1,a,2\n", part)
    assert str(caught.value) == (
        f"posts.csv has no column {part[:100]}. Its columns are: id, quote, text. Name one of these, or its number "
        "from 1."
    )


@pytest.mark.parametrize("name", ["id", "ID_str", "tweet_id", "status_id"])
def test_ids_and_languages(tmp_path: Path, name: str) -> None:
    content = f"{name},text,lang\n12345678901234567890,a,en\n1.23E+18,b,und\n,c,pt-BR\n"
    assert [(post.id, post.language) for post in posts_of(tmp_path, content)] == [
        ("12345678901234567890", "en"),
        (None, None),
        (None, "pt-BR"),
    ]


def test_unix_dates(tmp_path: Path) -> None:
    posts = posts_of(tmp_path, "timestamp,text\n1700000000,a\n1600000000000,b\n7,c\n")
    dates = [post.created_at.year if post.created_at else None for post in posts]
    assert dates == [2023, 2020, None]


def test_names_of_columns_in_messages_are_harmless(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=re.escape("Its first row is: a?[2j, b")):
        posts_of(tmp_path, "a\x1b[2J,b\n1,2\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,text\n1,fine\n2\n", "posts.csv, line 3: the text should be in column 2, and this row has 1"),
        ('id,text\n1,"never closed\n2,b\n', "posts.csv, line 3: unexpected end of data"),
        ('\n\nid,text\n1,"a"b\n', "posts.csv, line 4: ',' expected after '\"'"),
        ("id,text\n1," + "x" * 140_000, "line 2: field larger than field limit"),
        ("id,text\n1," + "x" * 120_000, "line 2: its text has 120,000 characters"),
        ("x" * 140_000, "line 1: field larger than field limit"),
    ],
)
def test_broken_rows_are_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        posts_of(tmp_path, content)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)))
def test_csv_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, posts: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL).writerows([("id", "text"), *((1, text) for text in posts)])
    assert texts(tmp_path_factory.mktemp("csv"), written.getvalue()) == posts
