"""What entities may be: stricter than Telegram, which silently drops what it does not like."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from tests.doubles.telegram.refused import wrong
from tests.doubles.telegram.texts import cut, units

Json = dict[str, Any]

KINDS = {
    "mention": "",
    "hashtag": "",
    "cashtag": "",
    "bot_command": "",
    "url": "",
    "email": "",
    "phone_number": "",
    "bold": "",
    "italic": "",
    "underline": "",
    "strikethrough": "",
    "spoiler": "",
    "blockquote": "",
    "expandable_blockquote": "",
    "code": "",
    "pre": "",
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "",
}  # and what each needs besides its place
KNOWN = frozenset({"type", "offset", "length", "url", "user", "language", "custom_emoji_id"})
KNOWN |= {"unix_time", "date_time_format"}
CODE = frozenset({"code", "pre"})
QUOTES = frozenset({"blockquote", "expandable_blockquote"})
MOST = 100


def check_entities(text: str, entities: list[Json]) -> None:
    if len(entities) > MOST:
        raise wrong(f"can't parse entities: more than {MOST}: {len(entities)}")
    for entity in entities:
        _shape(entity)
        _place(text, entity)
    for one, other in combinations(sorted(entities, key=lambda each: (each["offset"], -each["length"])), 2):
        _pair(one, other)


def _shape(entity: Json) -> None:
    if not isinstance(entity, dict) or set(entity) - KNOWN or entity.get("type") not in KINDS:
        raise wrong(f"can't parse MessageEntity: {entity}")
    needed = KINDS[entity["type"]]
    if needed and not entity.get(needed):
        raise wrong(f"can't parse MessageEntity: {entity['type']} without {needed}")
    for name in ("offset", "length"):
        if not isinstance(entity.get(name), int) or isinstance(entity[name], bool):
            raise wrong(f"can't parse MessageEntity: {name} of {entity}")


def _place(text: str, entity: Json) -> None:
    offset, length = entity["offset"], entity["length"]
    if offset < 0 or length <= 0 or offset + length > units(text):
        raise wrong(f"entity {entity} is not within the {units(text)} units of the text")
    for at in (offset, offset + length):
        if _splits(text, at):
            raise wrong(f"entity {entity} begins or ends in the middle of a UTF-16 symbol")
    if not cut(text, offset, length).strip():
        raise wrong(f"entity {entity} marks nothing but white space")


def _splits(text: str, at: int) -> bool:
    """Whether the unit there is the second one of a pair."""
    raw = text.encode("utf-16-le", "surrogatepass")[at * 2 : at * 2 + 2]
    return 0xDC00 <= int.from_bytes(raw, "little") <= 0xDFFF


def _pair(first: Json, second: Json) -> None:
    """`first` begins earlier, or is the longer one."""
    end, stop = first["offset"] + first["length"], second["offset"] + second["length"]
    if second["offset"] >= end:
        return
    kinds = {first["type"], second["type"]}
    if stop > end:
        raise wrong(f"entities overlap without nesting: {first} and {second}")
    if kinds & CODE:
        raise wrong(f"code can't be combined with other entities: {first} and {second}")
    if first["type"] == second["type"] or kinds == QUOTES:
        raise wrong(f"entities can't be nested in their own kind: {first} and {second}")
