"""One record of a file → one Post. Pure; the file formats share it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from bot.errors import BadInput
from bot.texts import Text
from trainer.corpus import Post

T = TypeVar("T")

TEXT_KEYS = ("full_text", "text")  # X's `text` may be cut short where `full_text` is not
ID_KEYS = ("id_str", "id")  # X's `id` may be rounded where `id_str` is not
LANGUAGE_KEYS = ("lang", "language")
# Far above any network's limit, and what an earlier training kept must fit into a line that can be read back.
MAX_CHARACTERS = 100_000

_X_DATE = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d{4}) (\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNIX_TIME = re.compile(r"\d{9,13}(?:\.\d{1,9})?", re.ASCII)
_ROUNDED = re.compile(r"\d[.,]\d+[Ee]\+\d+")  # what a spreadsheet makes of a long number: the same for many posts
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,5}")  # BCP 47, or as POSIX writes it
_NO_LANGUAGE = re.compile(r"und|zxx|mul|mis|art|q[a-t][a-z]")  # ISO 639's codes for none; X uses qme, qht and others
_MAX_ID = 500
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
            post_id, language = _first(value, ID_KEYS), _first(value, LANGUAGE_KEYS)
            return make_post(value[key], value.get("is_retweet"), value.get("created_at"), post_id, language)
    raise Broken(Text("it has neither `text` nor `full_text`"))


def numbered(items: Iterable[object], name: str, make: Callable[[object], T]) -> Iterator[T]:
    """A post of each item of a file's list. Raises BadInput, which says the number of the one that is none."""
    for number, item in enumerate(items, start=1):
        try:
            yield make(item)
        except Broken as error:
            raise BadInput(
                Text(
                    "{name}, post {number:,}: {wrong}. Fix this post or take it out.",
                    name=name,
                    number=number,
                    wrong=error.text,
                )
            ) from None


def make_post(
    text: object, is_retweet: object = None, created_at: object = None, post_id: object = None, language: object = None
) -> Post:
    """A post from fields as they were found. Raises Broken when the text is no string, or longer than any post."""
    if not isinstance(text, str):
        raise Broken(Text("its text is {kind}, not a string", kind=kind(text)))
    if len(text) > MAX_CHARACTERS:
        long = Text("its text has {n:,} characters, and a post has {most:,} at most", n=len(text), most=MAX_CHARACTERS)
        raise Broken(long)
    text = whole(text)
    retweet = is_true(is_retweet) or text.startswith("RT @")
    return Post(text, retweet, parse_date(created_at), parse_id(post_id), parse_language(language))


def whole(text: str) -> str:
    """Without the half characters that JSON escapes can make, which no file can keep."""
    return text.encode("utf-8", "replace").decode("utf-8")


def is_true(value: object) -> bool:
    return value is True or str(value).strip().lower() in {"true", "t", "yes", "1"}


def parse_id(value: object) -> str | None:
    """A source's own id, as text; None for anything that can't tell posts apart."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = whole(str(value).strip()) if isinstance(value, str) or value.bit_length() < _MAX_ID else ""
    return text if 0 < len(text) <= _MAX_ID and not _ROUNDED.fullmatch(text) else None


def parse_language(value: object) -> str | None:
    """A language's tag, such as "en" or "pt-BR"; None for anything else, and for X's tags that name none."""
    text = value.strip() if isinstance(value, str) else ""
    if not _LANGUAGE.fullmatch(text) or _NO_LANGUAGE.fullmatch(text.lower()):
        return None
    return text.replace("_", "-")


def parse_date(value: object) -> datetime | None:
    """ISO 8601 (without a zone: UTC), X's `Wed Oct 10 20:19:24 +0000 2018`, or Unix time in seconds or milliseconds, as
    UTC; None for anything else.

    Not strptime, whose names of months follow the machine's locale.
    """
    if isinstance(value, int | float):
        return _unix_date(value)
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix(" UTC")
    if _UNIX_TIME.fullmatch(text):
        return _unix_date(float(text))
    if match := _X_DATE.fullmatch(text):
        month, day, time, zone, year = match.groups()
        text = f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{time}{zone}" if month in _MONTHS else ""
    try:
        date = datetime.fromisoformat(text)
        return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _unix_date(number: float) -> datetime | None:
    """Seconds of 9 or 10 digits (1973 to 2286), or milliseconds of 13 (from 2001); None for other numbers."""
    if 10**8 <= number < 10**10:
        return datetime.fromtimestamp(number, UTC)
    return datetime.fromtimestamp(number / 1000, UTC) if 10**12 <= number < 10**13 else None


def _first(record: dict[str, object], names: tuple[str, ...]) -> object:
    return next((record[name] for name in names if record.get(name)), None)


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(value), "null")
