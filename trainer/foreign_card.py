"""What a huggingtweets model card says of its accounts: https://github.com/borisdayma/huggingtweets. No torch."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import permutations

from trainer.corpus import MAX_ACCOUNTS, strip_invisible
from trainer.protocol import AccountCounts

MOST_CHARACTERS = 200_000  # of a card that are looked at
NAME_CHARACTERS = 100
TOLD = 3  # characters in a row that a name and a handle share, if it is one account's
ROWS = ("tweets downloaded", "retweets", "short tweets", "tweets kept")
# The model's name: handles in order of the alphabet, joined by `-`.
_NAMES = (
    re.compile(r">@([\w-]{1,96})(?: bot)?</div>", re.ASCII),
    re.compile(r"'huggingtweets/([\w-]{1,96})'", re.ASCII),
)
_HANDLE = re.compile(r"\w{1,15}", re.ASCII)
_HEADING = re.compile(r"font-weight: 800\">([^<\n]{1,400})</div>")
_BOT = re.compile(r"\s*(?:🤖|ðŸ¤–)?\s*AI Bot$")
_CELL = re.compile(r"<t[hd]\b[^>]{0,200}>([^<]{0,400})</t[hd]>")
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


def read_card(text: str) -> tuple[AccountCounts, ...]:
    """The training table's accounts, with source "" and no characters counted; none if it is no such card.

    The table of several has display names as columns, and the card gives handles in another order: each column gets the
    handle that is most like its name. Where that can't be told, handles stay in the model's name's order.
    """
    text = text[:MOST_CHARACTERS]
    names, columns = _table(text)
    handles = _handles(text)
    if not handles or len(columns) != len(handles):
        return ()
    if len(handles) == 1:
        names = [_heading(text)]
    elif len(names) != len(handles):  # one of them has a | in it
        names = [""] * len(handles)
    return tuple(map(_account, _in_order(handles, names), names, columns))


def _account(handle: str, name: str, column: tuple[int, ...]) -> AccountCounts:
    downloaded, retweets, short, kept = column
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


def _table(text: str) -> tuple[list[str], list[tuple[int, ...]]]:
    """The head and the four numbers of each column; nothing unless all rows are as long."""
    heads: list[str] = []
    found: dict[str, list[int]] = {}
    for label, *cells in _rows(text):
        if label.lower() == "data":
            heads = [_name(cell) for cell in cells]
        elif label.lower() in ROWS and all(map(_NUMBER.fullmatch, cells)):
            found.setdefault(label.lower(), [int(cell) for cell in cells])
    if len(found) < len(ROWS) or len(set(map(len, found.values()))) != 1:
        return [], []
    return heads, list(zip(*(found[label] for label in ROWS), strict=True))


def _rows(text: str) -> list[list[str]]:
    """Of every table, in Markdown and in HTML."""
    marked = [line.strip().strip("|").split("|") for line in text.split("\n") if line.startswith("|")]
    tagged = [_CELL.findall(row) for row in text.split("<tr")[1:]]
    return [[cell.strip() for cell in row] for row in marked + tagged if row]


def _handles(text: str) -> list[str]:
    name = next((found[1] for pattern in _NAMES if (found := pattern.search(text))), "")
    handles = name.split("-")
    known = len(handles) <= MAX_ACCOUNTS and all(map(_HANDLE.fullmatch, handles))
    return handles if known and len(set(handles)) == len(handles) else []


def _heading(text: str) -> str:
    found = _HEADING.search(text)
    return _BOT.sub("", _name(found[1])) if found else ""


def _name(text: str) -> str:
    return strip_invisible(_repaired(html.unescape(text))).strip()[:NAME_CHARACTERS]


def _repaired(line: str) -> str:
    """Without a second encoding: UTF-8 that was taken for Windows-1252 and encoded once more (`ðŸ¤–` is 🤖)."""
    try:
        return b"".join(map(_byte, line)).decode()
    except UnicodeError:
        return line


def _byte(character: str) -> bytes:
    """Of Windows-1252, whose five unused bytes are what they are in Latin-1. Raises UnicodeError."""
    try:
        return character.encode("cp1252")
    except UnicodeError:
        return character.encode("latin-1")


def _in_order(handles: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    """The handles, in the order of their accounts' names as far as they are alike."""

    def likeness(order: Sequence[str]) -> int:
        return sum(_likeness(handle, name) for handle, name in zip(order, names, strict=True))

    return max(permutations(handles), key=likeness)


def _likeness(handle: str, name: str) -> int:
    """Characters that they share in a row, white space and case aside; a few that are alike say nothing."""
    one, other = (re.sub(r"[\W_]", "", text).lower() for text in (handle, name))
    size = SequenceMatcher(None, one, other, autojunk=False).find_longest_match().size
    return size if size >= TOLD else 0
