"""One record of a file → one Post. Pure; the file formats share it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.texts import Text
from trainer.corpus import Post

TEXT_KEYS = ("full_text", "text")  # X's `text` may be cut short where `full_text` is not
# Far above any network's limit, and what an earlier training kept must fit into a line that can be read back.
MAX_CHARACTERS = 100_000

_X_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KINDS = {
    dict: Text("an object"),
    list: Text("a list"),
    bool: Text("true or false"),
    int: Text("a number"),
    float: Text("a number"),
    str: Text("a string"),
}


class Broken(ValueError):
    """A record is not a post. The message says what is wrong with it; whoever reads the file adds where."""

    def __init__(self, text: Text) -> None:
        super().__init__(text)
        self.text = text


def record_post(value: object) -> Post:
    """A decoded JSON value: a string, or an object with `full_text` or `text`. Raises Broken."""
    if isinstance(value, str):
        return make_post(value)
    if not isinstance(value, dict):
        raise Broken(Text("it is {kind}, not an object with a text", kind=kind(value)))
    for key in TEXT_KEYS:
        if key in value:
            return make_post(value[key], value.get("is_retweet"), value.get("created_at"))
    raise Broken(Text("it has neither `text` nor `full_text`"))


def make_post(text: object, is_retweet: object = None, created_at: object = None) -> Post:
    """A post from fields as they were found. Raises Broken when the text is no string, or longer than any post."""
    if not isinstance(text, str):
        raise Broken(Text("its text is {kind}, not a string", kind=kind(text)))
    if len(text) > MAX_CHARACTERS:
        long = Text("its text has {n:,} characters, and a post has {most:,} at most", n=len(text), most=MAX_CHARACTERS)
        raise Broken(long)
    text = text.encode("utf-8", "replace").decode("utf-8")  # JSON escapes can make half characters
    return Post(text, is_true(is_retweet) or text.startswith("RT @"), parse_date(created_at))


def is_true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "t", "yes", "1"}


def parse_date(value: object) -> datetime | None:
    """ISO 8601 (without a zone: UTC) or X's `Wed Oct 10 20:19:24 +0000 2018`, as UTC; None for anything else.

    Not strptime, whose names of months follow the machine's locale.
    """
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(" UTC")
    if match := _X_DATE.fullmatch(text):
        month, day, time, zone, year = match.groups()
        text = f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{time}{zone}" if month in _MONTHS else ""
    try:
        date = datetime.fromisoformat(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "null")
