from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import Voice, parse_voice
from bot.errors import BadInput
from bot.handles import Address, network_of, parse_address, parse_handle

DID = "did:plc:ab12cd34"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("@Alice", Address("alice")),
        ("alice.bsky.social", Address("alice.bsky.social")),
        ("@my-name.reef.example", Address("my-name.reef.example", "bluesky")),
        ("@Alice@Reef-1.example", Address("alice@reef-1.example", "mastodon")),
        ("x:Alice", Address("alice", "x")),
        ("@X:@alice", Address("alice", "x")),
        ("twitter:alice", Address("alice", "x")),
        ("bsky:alice", Address("alice.bsky.social", "bluesky")),
        ("bluesky:alice.example", Address("alice.example", "bluesky")),
        ("mastodon:@alice@reef.example", Address("alice@reef.example", "mastodon")),
        (DID, Address(DID, "bluesky")),
        ("did:web:reef.example", Address("did:web:reef.example", "bluesky")),
        ("https://x.com/Alice", Address("alice", "x")),
        ("x.com/alice", Address("alice", "x")),
        ("https://mobile.twitter.com/alice/status/17?s=20", Address("alice", "x")),
        ("https://www.x.com/alice/", Address("alice", "x")),
        ("https://bsky.app/profile/Alice.example/post/3k", Address("alice.example", "bluesky")),
        (f"https://bsky.app/profile/{DID}", Address(DID, "bluesky")),
        ("https://reef.example/@alice", Address("alice@reef.example", "mastodon")),
        ("https://reef.example/@bob@sea.example/1", Address("bob@sea.example", "mastodon")),
        ("https://reef.example/users/alice", Address("alice@reef.example", "mastodon")),
        ("＠ａｌｉｃｅ", Address("alice")),
        ("@alice.", Address("alice")),
        ("@alice@bsky.social", Address("alice.bsky.social", "bluesky")),
        (f"bsky:{DID}", Address(DID, "bluesky")),
        (" @alice ", Address("alice")),
    ],
)
def test_what_people_type(typed: str, address: Address) -> None:
    assert parse_address(typed) == address


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("@аlice", "Cyrillic Small Letter A"),
        ("@ɑlice", "Latin Small Letter Alpha"),
        ("@alicе.example", "Cyrillic Small Letter Ie"),
        ("x:аlice", "Cyrillic"),
        ("alice bob", "is not a handle"),
        ("@alice@", "is not a handle"),
        ("a@b", "is not a handle"),
        ("x:", "up to 15 letters"),
        ("x:alice.b", "up to 15 letters"),
        ("x:a_name_of_more_than_15", "up to 15 letters"),
        ("bsky:_", "Bluesky has names"),
        ("mastodon:alice", "Mastodon has names"),
        (f"@{'a' * 60}@reef.example", "up to 64 characters"),
        ("https://x.com/home", "no profile page"),
        ("https://reef.example/alice", "no profile page"),
        ("https://t.me/alice", "no profile page"),
        ("https://[::1", "is not a handle"),
        ("http://", "is not a handle"),
    ],
)
def test_what_is_no_account(typed: str, told: str) -> None:
    with pytest.raises(BadInput, match=re.escape(told)) as caught:
        parse_address(typed)
    assert str(caught.value).endswith(".")


@given(st.text() | st.from_regex(r"(https?://|x:|did:|@)[\w.:@/-]{0,30}", fullmatch=True))
def test_any_text_is_a_safe_name_or_bad_input(text: str) -> None:
    try:
        handle = parse_handle(text)
    except BadInput:
        return
    assert re.fullmatch(r"[a-zA-Z0-9_.@%]+", handle)
    assert handle.strip(".")


@pytest.mark.parametrize(
    ("typed", "voice"),
    [
        ("@alice:2", Voice("alice", 2)),
        ("x:alice:2", Voice("alice", 2, "x", "alice")),
        (f"{DID}:0.5", Voice("did_plc_ab12cd34", 0.5, "bluesky", DID)),
        (DID, Voice("did_plc_ab12cd34", 1, "bluesky", DID)),
        ("https://x.com/alice:3", Voice("alice", 3, "x", "alice")),
        ("@a-b.reef.example:2", Voice("a_b.reef.example", 2, "bluesky", "a-b.reef.example")),
    ],
)
def test_weights_come_last(typed: str, voice: Voice) -> None:
    assert parse_voice(typed) == voice


@pytest.mark.parametrize(
    ("handle", "default", "address"),
    [
        ("alice", None, None),
        ("alice", "x", Address("alice", "x")),
        ("alice", "bluesky", Address("alice.bsky.social", "bluesky")),
        ("alice_b", "bluesky", Address("alice-b.bsky.social", "bluesky")),
        ("alice_", "bluesky", None),
        ("a_name_of_more_than_15", "x", None),
        ("alice.example", "x", Address("alice.example", "bluesky")),
        ("my..notes", "x", None),
    ],
)
def test_where_a_handle_without_a_network_is(handle: str, default: str | None, address: Address | None) -> None:
    assert network_of(handle, default) == address
