from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.privacy import Filters, Masked, mask, mask_all
from trainer.corpus import Post, clean

SHARED = Path(__file__).parents[3] / "shared" / "data" / "personas"
ALL = Filters(mentions=True)
NO_NUMBERS = Filters(phones=False, mentions=True)

# Keys are put together here, so that nobody's scanner takes this file for a leak. None was ever issued.
RUN = "Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2Yz3"
BODY = "MIIEvQ" + "a1B2c3D4" * 12
KEYS = (
    "AKIA" + "ABCD2345EFGH6789",
    "ASIA" + "ABCD2345EFGH6789",
    "AIza" + RUN[:35],
    "ghp_" + RUN[:36],
    "gho_" + RUN[:36],
    "github_pat_" + RUN[:22] + "_" + RUN,
    "xoxb-" + "123456789012-" + RUN[:24],
    "xapp-1-" + RUN[:20],
    "sk-" + "proj-" + RUN,
    "sk-" + "ant-api03-" + RUN,
    "sk_live_" + RUN[:24],
    "rk_test_" + RUN[:24],
    "whsec_" + RUN[:32],
    "npm_" + RUN[:36],
    "hf_" + "AbCdEfGhIj" * 4,
    "glpat-" + RUN[:20],
    "SG." + RUN[:22] + "." + RUN,
    "123456789:" + "AA" + RUN[:33],
    "M" + RUN[:23] + "." + RUN[:6] + "." + RUN[:38],
    "eyJ" + RUN[:17] + ".eyJ" + RUN + "." + RUN,
    f"-----BEGIN PRIVATE KEY----- {BODY} {BODY} -----END PRIVATE KEY-----",
    f"-----BEGIN OPENSSH PRIVATE KEY----- {BODY}",
    f"-----BEGIN PGP PRIVATE KEY BLOCK----- {BODY} =a1B2 -----END PGP PRIVATE KEY BLOCK-----",
)
EMAILS = (
    "ann@example.com",
    "ann.b+news@mail.example.co.uk",
    "o'brien@example.ie",
    "a_1%x@ex-ample.museum",
    "jörg@bücher.example",
    "ann@例え.jp",
    "анна@почта.рф",
    "ann@xn--bcher-kva.example",
    "x@a.xn--p1ai",
    "ANN@EXAMPLE.ORG",
)
PHONES = (
    "+1 202 555 0143",
    "+442079460958",
    "+44 (0)20 7946 0958",
    "+49 30 901820",
    "+33 6 12 34 56 78",
    "+81 3-1234-5678",
    "+55 11 98765-4321",
    "+972-3-696-9696",
    "+91 98765 43210",
    "0044 20 7946 0958",
    "(202) 555-0143",
    "202-555-0143",
    "202.555.0143",
    "202 555 0143",
    "1-800-555-0199",
    "020 7946 0958",
    "07911 123456",
    "07911123456",
    "030 901820",
    "04 91 57 02 31",
    "04.91.57.02.31",
    "91 411 11 11",
    "0412 345 678",
    "03-1234-5678",
    "090-1234-5678",
    "+٩٧١ ٥٠ ١٢٣ ٤٥٦٧",
)
CARDS = (
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111 1111 1111 1111 123",
    "5555 5555 5555 4444",
    "2223003122003222",
    "3782 822463 10005",
    "371449635398431",
    "30569309025904",
    "6011 1111 1111 1117",
    "3530111333300000",
    "6200 0000 0000 0005",
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "GB29 NWBK 6016 1331 9268 19",
    "NL91ABNA0417164300",
    "FR14 2004 1010 0505 0001 3M02 606",
    "BE68 5390 0754 7034",
    "NO93 8601 1117 947",
    "MT84 MALT 0110 0001 2345 MTLC AST0 01S",
    "ch93-0076-2011-6238-5295-7",
)


@pytest.mark.parametrize(
    ("found", "placeholder"),
    [
        (one, word)
        for many, word in ((KEYS, "key"), (EMAILS, "email"), (PHONES, "phone"), (CARDS, "card"))
        for one in many
    ],
)
def test_what_is_masked(found: str, placeholder: str) -> None:
    hidden = Masked(**{f"{placeholder}s": 1})
    assert mask(found, ALL) == (f"[{placeholder}]", hidden)
    assert mask(f"Well, ({found}) or not?", ALL) == (f"Well, ([{placeholder}]) or not?", hidden)
    assert mask(f"Take {found}, please.", ALL) == (f"Take [{placeholder}], please.", hidden)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("password: hunter2hunter2", "password: [key]"),
        ("DB_PASSWORD=correcthorse", "DB_PASSWORD=[key]"),
        ("the wifi password: ilovecats", "the wifi password: [key]"),
        ('the wifi password: "ilovecats!"', 'the wifi password: "[key]!"'),
        ("api key: 9f8e7d6c5b4a and so on", "api key: [key] and so on"),
        ("?token=abcdefgh&x", "?token=[key]"),
        ('{"client_secret": "s3cr3t-value-x"}', '{"client_secret": "[key]"}'),
        ("Passwort: Sommer2024 fürs WLAN", "Passwort: [key] fürs WLAN"),
        ("Пароль: qwerty12345 для сети", "Пароль: [key] для сети"),
        ("パスワード：abc12345です", "パスワード：[key]です"),
        ("password: ann@example.com1", "password: [key]"),
        ("連絡はann@example.comまで", "連絡は[email]まで"),
        ("ann@example.com,bob@example.com", "[email],[email]"),
        ("mailto:ann@example.com.", "mailto:[email]."),
        ("電話は03-1234-5678です", "電話は[phone]です"),
        ("Call 2025550143 now", "Call [phone] now"),
        ("☎ 06 1234567", "☎ [phone]"),
        ("WhatsApp: (11) 98765-4321", "WhatsApp: [phone]"),
        ("202-555-0143 or 202-555-0144", "[phone] or [phone]"),
        ("☎ +44 20 7946 0958 / ann@example.com", "☎ [phone] / [email]"),
        ("DE89 3704 0044 0532 0130 00 and thanks", "[card] and thanks"),
        ("BE68 5390 0754 7034 many thanks", "[card] many thanks"),
    ],
)
def test_what_is_masked_in_its_sentence(text: str, masked: str) -> None:
    assert mask(text, Filters())[0] == masked


@pytest.mark.parametrize(
    "text",
    [
        # No addresses
        "@ann and @bob",
        "@ann@example.social says hi",
        "thanks @ann.example.com",
        "meet me @ home.org",
        "name at example dot com",
        "a@b",
        "5@5",
        "me@localhost",
        "price @ 3.50",
        "kaomoji @(・●・)@",
        # No phone numbers
        "born 1985-04-12 in town",
        "on 12/07/2016 we met",
        "07.12.2016 18:30 kick-off",
        "2016-12-07 22:59:20",
        "20161207225920",
        "the 1999-2000 season",
        "1999-2000, 2001-2002 and 2003-2004",
        "2016 2017 2018 2019",
        "3-2, 10-8, 21-19",
        "6-4, 3-6, 7-6 (7-5)",
        "$1,234,567.89",
        "€ 1.234.567,89",
        "2 000 000 people",
        "1 000 000 000 stars",
        "+1,000,000 jobs",
        "+2.5% and +100%",
        "ISBN 978-3-16-148410-0",
        "ISBN 9783161484100",
        "ISBN 0-306-40615-2",
        "ISSN 2049-3630",
        "version 10.0.19041.1234",
        "v1.2.3-4567890",
        "192.168.100.200",
        "10.0.0.1:8080",
        "24/7 and 9-1-1",
        "51.5074, -0.1278",
        "40.712776, -74.005974",
        "52.520008 13.404954",
        "post 1234567890123456789",
        "order 2125551234",
        "case 2016-1234567",
        "ticket #20161234567",
        "3.14159265358979",
        "12:30-14:45",
        "4 8 15 16 23 42",
        "1 2 3 4 5 6 7 8 9 10",
        "10 9 8 7 6 5 4 3 2 1",
        "0123456789",
        "05 06 07 08 09",
        "lottery: 05 12 23 34 45 6",
        "1920x1080, 3840 2160",
        "10115 Berlin, 90210-1234",
        "1481151560123",
        "text 50409 to join",
        "call me at 10",
        "call 911",
        "call between 12:30 and 14:45 on 07.12.2016",
        "phone 14 Pro, 2016-12-07 18:30",
        "call of duty 2 345 678 901 players",
        # No cards
        "4111 1111 1111 1112",
        "1111 2222 3333 4444",
        "1234567890123456",
        "799927398713",
        "4006381333931",
        "0000 0000 0000 0000",
        "2020 2021 2022 2023",
        "0.4111111111111111",
        "DE88 3704 0044 0532 0130 00",
        "AB12 CDEF GHIJ KLMN",
        # No keys
        "password: please",
        "The secret: persistence",
        "The secret: perseverance and patience",
        "Token: wonderful things ahead",
        "password: something that you forget",
        "my secret is out: nothing happened2",
        "xoxo-love-you-all-so-much",
        "sk-learn-is-great-for-everyone-here",
        "d41d8cd98f00b204e9800998ecf8427e",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "Donaudampfschifffahrtsgesellschaft",
        "pneumonoultramicroscopicsilicovolcanoconiosis",
        "#ThrowbackThursdayWithMyBestFriends2016",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaah",
        "😂😂😂😂😂😂😂😂",
        "eyJ is how they begin",
        "AKIA is not a name",
        "ghp_short",
        "12:AA",
        "123456: Aardvarks",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_is_left_alone(text: str) -> None:
    assert mask(text, Filters()) == (text, Masked())
    assert mask(f"{text} 😀", Filters()) == (f"{text} 😀", Masked())


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("@pip_1 and @Bob, hi", "@someone and @someone, hi"),
        ("RT @pip: soup", "RT @someone: soup"),
        ("@ann@example.social!", "@someone!"),
        ("@ann.example.social.", "@someone."),
        ("友達@annさんと", "友達@someoneさんと"),
        ("＠ann", "@someone"),
        ("(@ann)", "(@someone)"),
        ("@someone", "@someone"),
        ("@someone_else", "@someone"),
        ("josé@example.org", "[email]"),
        ("5 @ 3", "5 @ 3"),
        ("#tag @", "#tag @"),
    ],
)
def test_mentions_when_they_are_asked_for(text: str, masked: str) -> None:
    assert mask(text, ALL)[0] == masked


def test_a_filter_that_is_off_masks_nothing() -> None:
    text = "ann@example.com, +44 20 7946 0958, 4111 1111 1111 1111, password: hunter2hunter2, @pip"
    nothing = Filters(emails=False, phones=False, cards=False, keys=False)
    assert mask(text, nothing) == (text, Masked())
    assert mask(text, ALL)[1] == Masked(1, 1, 1, 1, 1)
    assert mask(text, Filters(phones=False))[1] == Masked(emails=1, cards=1, keys=1)


def test_counts_add_up() -> None:
    posts = ("ann@example.com and bob@example.com", "soup", "202-555-0143")
    texts, masked = mask_all(posts, Filters())
    assert texts == ("[email] and [email]", "soup", "[phone]")
    assert masked == Masked(emails=2, phones=1) == mask(posts[0], ALL)[1] + mask(posts[2], ALL)[1]
    assert masked.total == 3
    assert mask_all((), Filters()) == ((), Masked())


# What a hostile post is made of: openings of each pattern, and what joins and ends them.
OPENINGS = """
a 1 @ . - _ : = ' / + [ ] é 日 ๓ password: token= sk- eyJ xoxb-1 -----BEGIN PRIVATE -----BEGIN-PRIVATE-KEY----- M a@b.c
@ann @a@b. a. 4111 DE89 1111 3704 AAAA 1:AA ghp_ call [key] @someone 202-555-0143 ann@example.com 05
"""
BLOCK = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----")
PIECES = st.sampled_from((*OPENINGS.split(), *BLOCK, " ", "  "))
HOSTILE = st.lists(PIECES, min_size=1, max_size=6).map("".join)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=100))
@settings(deadline=None)
def test_masking_again_changes_nothing(text: str) -> None:
    once, _ = mask(text, ALL)
    assert mask(once, ALL) == (once, Masked())


@pytest.mark.timeout(120)  # a pattern in quadratic time takes hours
@given(HOSTILE)
@settings(deadline=None, max_examples=40)
def test_a_hostile_post_is_masked_too(piece: str) -> None:
    text = (piece * 100_000)[:100_000]
    once, _ = mask(text, NO_NUMBERS)
    assert mask(once, NO_NUMBERS) == (once, Masked())


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", ["1 ", "4111 1111 ", "05 06 ", "202-555-0143 ", "+1 ", "(1", "1234567890", "call 1 "])
def test_hostile_numbers_are_masked_too(piece: str) -> None:
    text = piece * (10_000 // len(piece))
    once, masked = mask(text, Filters())
    assert once.count("[phone]") == masked.phones == (text.count(piece) if "555" in piece else 0)


def test_two_real_accounts_have_the_numbers_of_offices_and_nothing_else() -> None:
    for handle, phones in (("berniesanders", 4), ("hillaryclinton", 1)):
        path = SHARED / f"{handle}.jsonl"
        if not path.is_file():
            pytest.skip(f"{path} is not here")
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        posts = clean(handle, [Post(record["text"], record["is_retweet"]) for record in records]).posts
        texts, masked = mask_all(posts, Filters())
        assert masked == Masked(phones=phones)
        assert sum(one != other for one, other in zip(texts, posts, strict=True)) == phones
