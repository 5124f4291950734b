from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.table import csv_posts
from tests.bot.sources.archives import read
from trainer.corpus import Post


def posts_of(folder: Path, content: str) -> list[Post]:
    path = folder / "posts.csv"
    path.write_text(content, "utf-8", newline="")
    return read(path, csv_posts)


def texts(folder: Path, content: str) -> list[str]:
    return [post.text for post in posts_of(folder, content)]


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
    assert "full_text, text, tweet, post, content, body, message" in str(caught.value)


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
