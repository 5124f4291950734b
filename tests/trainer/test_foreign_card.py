from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.corpus import MAX_ACCOUNTS
from trainer.foreign_card import NAME_CHARACTERS, read_card
from trainer.protocol import AccountCounts

SEEDS = Path(__file__).parents[3] / "shared" / "seeds"
ROBOT = "🤖".encode().decode("cp1252")  # as it is in many of these cards


def one_account(heading: str = "Pip 🤖 AI Bot ", handle: str = "pip", table: str = "") -> str:
    """A card of the older form, in the reference's words."""
    return f"""---
language: en
---
<div>
<div style="margin-top: 8px; font-size: 19px; font-weight: 800">{heading}</div>
<div style="font-size: 15px">@{handle} bot</div>
</div>

## Training data

{table or marked("Quantity", "1419", "586", "130", "703")}

## How to use

```python
generator = pipeline('text-generation',
                     model='huggingtweets/{handle}')
```
"""


def several(name: str, heads: str, *rows: str) -> str:
    return f"""<div>
    <div style="text-align: center; margin-top: 3px; font-size: 16px; font-weight: 800">🤖 AI CYBORG 🤖</div>
    <div style="text-align: center; font-size: 16px; font-weight: 800">{heads.replace(" | ", " & ")}</div>
    <div style="text-align: center; font-size: 14px;">@{name}</div>
</div>

{marked(heads, *rows)}
"""


def marked(heads: str, *rows: str) -> str:
    labels = ("Tweets downloaded", "Retweets", "Short tweets", "Tweets kept")
    lines = [f"| {label} | {row} |" for label, row in zip(labels, rows, strict=True)]
    return "\n".join([f"| Data | {heads} |", "| --- |" + " --- |" * (heads.count(" | ") + 1), *lines])


TAGGED = "".join(
    f"<tr style='border-width:0'>\n<{tag} style='border-width:0'>{label}</{tag}>\n<{tag}>{number}</{tag}>\n</tr>\n"
    for tag, label, number in [
        ("th", "Data", "Quantity"),
        ("td", "Tweets downloaded", "1419"),
        ("td", "Retweets", "586"),
        ("td", "Short tweets", "130"),
        ("td", "Tweets kept", "703"),
    ]
)
TWO = ("1021 | 3234", "52 | 353", "268 | 25", "701 | 2856")


def row(handle: str, name: str, *numbers: int) -> AccountCounts:
    downloaded, retweets, short, kept = numbers
    return AccountCounts(
        handle=handle,
        source="",
        name=name,
        downloaded=downloaded,
        retweets=retweets,
        short=short,
        kept=kept,
        characters=0,
    )


def handles(card: str) -> list[str]:
    return [account.handle for account in read_card(card)]


@pytest.mark.parametrize("table", ["", f"<table>\n{TAGGED}</table>"])
def test_one_accounts_table_is_read_from_markdown_and_from_html(table: str) -> None:
    assert read_card(one_account(table=table)) == (row("pip", "Pip", 1419, 586, 130, 703),)


def test_each_column_gets_the_handle_that_is_like_its_name() -> None:
    """Handles are in the order of the alphabet, columns in that of the accounts."""
    card = several("barackobama-elonmusk", "Elon Musk | Barack Obama", *TWO)
    assert read_card(card) == (
        row("elonmusk", "Elon Musk", 1021, 52, 268, 701),
        row("barackobama", "Barack Obama", 3234, 353, 25, 2856),
    )


def test_one_that_is_left_over_is_the_last_ones() -> None:
    numbers = ("1 | 2 | 3",) * 4
    assert handles(several("goando-kenmcalinn-voluntas", "V | Go Ando / THE GUILD | Ken", *numbers)) == [
        "voluntas",
        "goando",
        "kenmcalinn",
    ]


@pytest.mark.parametrize("names", ["日本語 | 한국어", "⭐ | ", "Al | Bo", "Xy | Xy"])
def test_handles_stay_in_order_where_names_say_nothing(names: str) -> None:
    assert handles(several("aaaa-bbbb", names, *TWO)) == ["aaaa", "bbbb"]


def test_a_name_with_a_bar_in_it_leaves_the_numbers() -> None:
    (first, second) = read_card(several("aaaa-bbbb", "bbbb | cool | aaaa", *TWO))
    assert (first.handle, first.name, first.downloaded) == ("aaaa", "", 1021)
    assert (second.handle, second.kept) == ("bbbb", 2856)


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("che 💜 🤖 AI Bot ", "che 💜"),
        (f"che {'💜'.encode().decode('cp1252')} {ROBOT} AI Bot ", "che 💜"),
        (f"日本語 {ROBOT} AI Bot", "日本語"),  # not encoded twice as a whole: left, but for the robot
        ("José AI Bot", "José"),
        ("JosÃ© 🤖 AI Bot", "JosÃ©"),
        (f"JosÃ© {ROBOT} AI Bot", "José"),
        ("Tom &amp; Jerry 🤖 AI Bot", "Tom & Jerry"),
        ("\u202eevil\x00 🤖 AI Bot", "evil"),
        ("🤖 AI Bot", ""),
        ("x" * 300 + " 🤖 AI Bot", "x" * NAME_CHARACTERS),
        ('"status/1" (2021) dir. Pip 🤖 AI Bot ', '"status/1" (2021) dir. Pip'),
    ],
)
def test_display_names_are_read_as_they_were_meant(heading: str, name: str) -> None:
    assert read_card(one_account(heading))[0].name == name


def test_a_card_without_its_heading_is_known_by_its_models_name() -> None:
    card = one_account().partition("## Training data")[2]
    assert read_card(card) == (row("pip", "", 1419, 586, 130, 703),)


@pytest.mark.parametrize(
    "card",
    [
        "",
        "# A model\n\n| Data | Quantity |\n| --- | --- |\n| Loss | 3 |\n",
        one_account(handle="../x"),
        one_account(handle="x" * 16),
        one_account(table=marked("Quantity", "1419", "586", "130", "many")),
        one_account(table=marked("Quantity", "1" * 10, "586", "130", "703")),
        one_account(table=marked("Quantity", "-3", "586", "130", "703")),
        several("a-b", "A | B", "1 | 2", "1 | 2", "1 | 2", "1"),
        several("a-b", "A", "1", "1", "1", "1"),
        several("a-a", "A | B", *TWO),
        several("a-b-c-d", "A | B | C | D", *["1 | 2 | 3 | 4"] * 4),
        several("a-", "A | B", *TWO),
    ],
)
def test_other_cards_have_no_accounts(card: str) -> None:
    assert read_card(card) == ()


_PIECES = [*one_account(f"Pip {ROBOT} AI Bot").split(" "), "<tr", "<td>", "</td>", "|", "\n|", "@", "'huggingtweets/"]


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=5), max_size=80).map(" ".join))
def test_nonsense_raises_nothing(card: str) -> None:
    assert len(read_card(card)) <= MAX_ACCOUNTS


@pytest.mark.parametrize("piece", ["<tr", "<td", "<td>", "|", "| |\n", ">@", 'font-weight: 800">', "🤖", "&", "\x85"])
def test_megabytes_of_nonsense_are_nothing_either(piece: str) -> None:
    assert read_card(piece * 1_000_000) == ()


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the five cards aren't here")
@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        ("aliceaeterna", [row("aliceaeterna", "che 💜", 1419, 586, 130, 703)]),
        (
            "barackobama-elonmusk",
            [
                row("elonmusk", "Elon Musk", 1021, 52, 268, 701),
                row("barackobama", "Barack Obama", 3234, 353, 25, 2856),
            ],
        ),
        (
            "goando-kenmcalinn-voluntas",
            [
                row("goando", "Go Ando / PREDUCTS / THE GUILD", 3247, 91, 1680, 1476),
                row("kenmcalinn", "Ken McAlinn", 3250, 22, 2144, 1084),
                row("voluntas", "V", 3246, 1040, 698, 1508),
            ],
        ),
        ("lizasoberano", [row("lizasoberano", "Liza Soberano", 3094, 1102, 308, 1684)]),
        (
            "twitchytyrant",
            [row("twitchytyrant", '"status/135394607460456" (2021) dir. TwitchyTyrant', 3147, 1034, 316, 1797)],
        ),
    ],
)
def test_the_five_cards_are_read(seed: str, expected: list[AccountCounts]) -> None:
    assert read_card((SEEDS / f"{seed}.md").read_text(encoding="utf-8")) == tuple(expected)
