from __future__ import annotations

import contextlib
import json
import re
import tracemalloc
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadInput
from bot.sources.formats import senders
from bot.sources.formats.telegram_export import export_posts
from tests.bot.sources.formats.archives import read
from trainer.corpus import Post

HOW = (
    'That is --sender "{0}" in a terminal, on Discord the option “sender”, on Telegram /train @name --sender {0} as '
    "the caption."
)


def message(number: int, who: str | None, user: object, text: object, **more: object) -> dict[str, object]:
    date = {"date": "2023-11-14T23:13:20", "date_unixtime": "1700000000"}
    return {"id": number, "type": "message", **date, "from": who, "from_id": user, "text": text, **more}


def chat(*messages: object, kind: str = "personal_chat", number: object = 5) -> dict[str, object]:
    return {"name": "Bob", "type": kind, "id": number, "messages": list(messages)}


def whole(*chats: object, left: object = (), **account: object) -> dict[str, object]:
    owner = {"user_id": 1, "first_name": "Ann", "last_name": "Lee", "username": "@ann_lee", **account}
    return {
        "about": "Here is the data you requested.",
        "personal_information": owner,
        "contacts": {"list": [{"user_id": 2, "first_name": "Bob"}] * 3},
        "stories": [],
        "chats": {"about": "This page lists all chats", "list": list(chats)},
        "left_chats": {"about": "", "list": list(left)},  # type: ignore[call-overload]
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "result.json"


def posts(path: Path, export: object, part: str | None = None) -> list[Post]:
    content = export if isinstance(export, str) else json.dumps(export, indent=1, ensure_ascii=False)
    path.write_text(content, "utf-8")
    return read(path, partial(export_posts, part=part))


def texts(path: Path, export: object, part: str | None = None) -> list[str]:
    return [post.text for post in posts(path, export, part)]


def fails(path: Path, export: object, message: str, part: str | None = None) -> None:
    with pytest.raises(BadInput, match=re.escape(message)):
        posts(path, export, part)


TWO = chat(
    message(1, "Ann", "user1", "one"),
    message(2, "Bob", "user2", "two"),
    {"id": 3, "type": "service", "actor": "Bob", "actor_id": "user2", "action": "phone_call", "text": ""},
    message(4, "Bob", "user2", "three"),
)


def test_a_message(path: Path) -> None:
    text = [
        "see ",
        {"type": "link", "text": "https://lake.example"},
        {"type": "spoiler", "text": " soon"},
        {"type": "code", "text": "!"},
    ]
    export = chat(message(7, "Ann", "user1", text, text_entities=[{"type": "plain", "text": "no"}]), number=-5)
    assert posts(path, export, "Ann") == [
        Post("see https://lake.example soon!", created_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), id="-5/7")
    ]


def test_what_is_not_ones_own_words(path: Path) -> None:
    export = chat(
        message(1, "Ann", "user1", "a", forwarded_from="Bob"),
        message(2, "Ann", "user1", "b", forwarded_from=None),
        message(3, "Ann", "user1", "c", via_bot="@gif"),
        message(4, "Ann", "user1", "", media_type="sticker", file="x.webp"),
        {key: value for key, value in message(5, "Ann", "user1", "").items() if key != "text"},
        message(6, "Ann", "user1", "d", reply_to_message_id=1),
    )
    found = [(post.text, post.is_retweet) for post in posts(path, export, "Ann")]
    assert found == [("a", True), ("b", True), ("c", True), ("", False), ("", False), ("d", False)]


@pytest.mark.parametrize("part", ["Bob", "bob", " @BOB ", "user2", "USER2", "@user2"])
def test_a_sender_is_chosen(path: Path, part: str) -> None:
    assert texts(path, TWO, part) == ["two", "three"]


def test_names_that_look_the_same_are_the_same(path: Path) -> None:
    export = chat(message(1, "Ａｎｎ  Straße", "user1", "one"))
    assert texts(path, export, "ann STRASSE") == ["one"]


def test_nobody_is_chosen(path: Path) -> None:
    fails(
        path,
        TWO,
        "In result.json I may only learn from your own messages. Say who you are, of those who wrote there: Bob (2); "
        "Ann (1). " + HOW.format("Bob"),
    )


def test_somebody_unknown_is_chosen(path: Path) -> None:
    fails(path, TWO, "result.json has no messages of Eve. It has messages of: Bob (2); Ann (1). That is", "Eve")
    fails(path, TWO, "no messages of user3. It has", "user3")
    fails(path, TWO, "no messages of @. It has", "@")


def test_eight_senders_are_listed(path: Path) -> None:
    people = [message(n, f"P{who}", f"user{who}", "hi") for who in range(12) for n in range(who + 1)]
    listed = "; ".join(f"P{who} ({who + 1})" for who in range(11, 3, -1))
    fails(path, chat(*people), f"{listed}; …. That is")


def test_a_name_of_two(path: Path) -> None:
    export = chat(
        message(1, "Ann", "user1", "a"),
        message(2, "ann", "user2", "b"),
        message(3, "Bob", "user3", "c"),
        message(4, "Ann", "user1", "d"),
    )
    several = (
        "result.json has several senders called Ann: user1 (2); user2 (1). Give the id of yours instead of the name. "
    )
    fails(path, export, several + HOW.format("user1"), "ann")
    fails(path, export, "Ann, user1 (2); ann, user2 (1); Bob (1). ")
    assert texts(path, export, "user2") == ["b"]


def test_what_looks_like_an_id_is_one(path: Path) -> None:
    """Else somebody could take another one's place by their name."""
    export = chat(message(1, "user2", "user1", "theirs"), message(2, "Bob", "user2", "own"))
    assert texts(path, export, "user2") == ["own"]


def test_deleted_accounts_and_old_exports(path: Path) -> None:
    export = chat(
        message(1, None, "user7", "a"),
        message(2, "Ann", 8, "b"),
        message(3, "Old", None, "c"),
        message(4, None, None, "d"),
    )
    fails(path, export, "user7 (1); Ann (1); Old (1). " + HOW.format("user7"))
    assert texts(path, export, "user7") == ["a"]
    assert texts(path, export, "user8") == ["b"]
    assert texts(path, export, "Old") == ["c"]


def test_a_channel_speaks_for_itself(path: Path) -> None:
    export = chat(message(1, "Lake News", "channel9", "fog"), kind="public_channel")
    fails(path, export, "Lake News (1). " + HOW.format("channel9"))
    assert texts(path, export, "lake news") == texts(path, export, "channel9") == ["fog"]


@pytest.mark.parametrize("part", [None, "Ann", "ann lee", "@Ann_Lee", "user1"])
def test_a_whole_export_says_whose_it_is(path: Path, part: str | None) -> None:
    group = chat(message(1, "Ann", "user1", "in a group"), message(2, "Ann", "user5", "another Ann"), number=6)
    channel = chat(message(1, "Lake News", "channel9", "fog"), kind="private_channel", number=9)
    export = whole(TWO, channel, left=[group])
    assert [(post.text, post.id) for post in posts(path, export, part)] == [("one", "5/1"), ("in a group", "6/1")]


@pytest.mark.parametrize("part", ["Bob", "user2", "Ann Bee", "Lake News", "", "Lee"])
def test_a_whole_export_is_of_nobody_else(path: Path, part: str) -> None:
    fails(
        path,
        whole(TWO),
        f"result.json is all of Ann Lee's Telegram, so I may only learn from Ann Lee's own messages, not from those of "
        f"{part}. Leave the sender out.",
        part,
    )


@pytest.mark.parametrize("user", [None, "x", [], {}, -1])
def test_a_whole_export_without_an_owner(path: Path, user: object) -> None:
    fails(path, whole(TWO, user_id=user), "Say who you are, of those who wrote there: Bob (2); Ann (1).")
    assert texts(path, whole(TWO, user_id=user), "Ann") == ["one"]


def test_an_owner_at_the_end(path: Path) -> None:
    export = whole(TWO)
    export["personal_information"] = export.pop("personal_information")
    fails(path, export, "result.json says only at its end whose it is. Export it again", "Bob")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{}", "result.json is not an export of Telegram Desktop: it has neither “messages” nor “chats”."),
        ("[]", "there is '[' where { should be"),
        ('{"messages": {}}', "there is '{' where [ should be"),
        ('{"messages": [1]}', "result.json, message 1: it is a number, not an object. Take it out"),
        ('{"chats": []}', "there is '[' where { should be"),
        ('{"chats": {"list": [1]}}', "there is '1' where { should be"),
        ('{"messages": [{"type": "message", "from_id": "user1", "text": 7}]}', "message 1: its text is a number"),
        (
            '{"messages": [{"type": "message", "from_id": "user1", "text": ["a", {"b": 1}]}]}',
            "message 1: its text is null",
        ),
        ('{"messages": [{}, {}', "result.json is broken after post 2 (no , or ] follows)"),
        ('{"messages": [' + "[" * 100_000, "recursion"),
        ('{"x": ' + "[" * 100_000, "it is nested too deeply"),
    ],
)
def test_files_of_no_use(path: Path, content: str, message: str) -> None:
    fails(path, content, message, "user1")


def test_names_in_messages_are_harmless(path: Path) -> None:
    fails(path, chat(message(1, "\x1b[2J\n" + "x" * 500, "user1", "a")), "?[2J?" + "x" * 145 + " (1). ")


def test_a_crowd_takes_little_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is found, though not everybody is counted."""
    monkeypatch.setattr(senders, "MAX_SENDERS", 100)
    crowd = [message(n, "N" * 9000, f"user{n}", "hi") for n in range(1000)]
    export = chat(*crowd, message(1, "Last", "user5000", "me"))
    path.write_text(json.dumps(export))
    tracemalloc.start()
    try:
        assert [post.text for post in read(path, partial(export_posts, part="last"))] == ["me"]
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(message(1, "a", "user1", ""))), inner)
    ),
    max_leaves=8,
)


@given(st.lists(JSON), st.dictionaries(st.sampled_from(["personal_information", "chats", "id", "messages"]), JSON))
def test_anything_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, messages: list[object], more: dict[str, object]
) -> None:
    path = tmp_path_factory.mktemp("telegram") / "result.json"
    with contextlib.suppress(BadInput):
        assert len(posts(path, {**chat(*messages), **more}, "user1")) <= len(messages) + str(more).count("type")
