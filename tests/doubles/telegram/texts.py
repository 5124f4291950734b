"""Texts with entities: counted in UTF-16 code units, trimmed, searched, and shown as marks."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

_FOUND = (  # what Telegram marks by itself in everybody's texts
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/@])")),
    ("mention", re.compile(r"(?<![\w/@])@[A-Za-z][A-Za-z0-9_]{2,31}(?![\w@])")),
    ("url", re.compile(r"(?<![\w@/])https?://[^\s<>\"]+[^\s<>\".,:;!?)\]}'’]")),
    ("hashtag", re.compile(r"(?<![\w#])#(?=\w*[^\W\d])\w{1,256}")),
)
_TAGS = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre"}
_TAGS |= {"spoiler": "tg-spoiler", "blockquote": "blockquote", "expandable_blockquote": "blockquote"}


@dataclass(frozen=True)
class Text:
    """A text and what is marked in it, as `MessageEntity` objects."""

    plain: str = ""
    entities: list[Json] = field(default_factory=list)


def units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, offset: int, length: int) -> str:
    raw = text.encode("utf-16-le", "surrogatepass")[offset * 2 : (offset + length) * 2]
    return raw.decode("utf-16-le", "surrogatepass")


def trimmed(text: Text) -> Text:
    """Without the white space at both ends, as Telegram keeps it; entities are moved and cut accordingly."""
    front = units(text.plain) - units(text.plain.lstrip())
    plain = text.plain.strip()
    end = units(plain)
    kept = []
    for entity in text.entities:
        start, stop = entity["offset"] - front, entity["offset"] + entity["length"] - front
        start, stop = max(start, 0), min(stop, end)
        if start < stop:
            kept.append(entity | {"offset": start, "length": stop - start})
    return Text(plain, kept)


def marked(text: Text) -> Text:
    """With what Telegram finds by itself, in the order of the text."""
    taken = [(each["offset"], each["offset"] + each["length"]) for each in text.entities if _keeps(each)]
    entities = list(text.entities)
    for kind, pattern in _FOUND:
        for match in pattern.finditer(text.plain):
            start, length = units(text.plain[: match.start()]), units(match[0])
            if all(start >= stop or start + length <= begin for begin, stop in taken):
                taken.append((start, start + length))
                entities.append({"type": kind, "offset": start, "length": length})
    entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return Text(text.plain, entities)


def _keeps(entity: Json) -> bool:
    """In code and links nothing is found."""
    return entity["type"] in {"code", "pre", "text_link", "text_mention", "bot_command", "mention", "url", "hashtag"}


def spans(text: Text, kind: str) -> list[str]:
    return [cut(text.plain, each["offset"], each["length"]) for each in text.entities if each["type"] == kind]


def as_html(text: Text) -> str:
    """The text with its marks, for snapshots; what Telegram finds by itself is not shown."""
    opened: dict[int, list[str]] = {}
    closed: dict[int, list[str]] = {}
    for entity in sorted(text.entities, key=lambda entity: (entity["offset"], -entity["length"])):
        tags = _tags(entity)
        if tags:
            opened.setdefault(entity["offset"], []).append(tags[0])
            closed.setdefault(entity["offset"] + entity["length"], []).insert(0, tags[1])
    shown, at = [], 0
    for character in text.plain:
        shown += [*closed.get(at, []), *opened.get(at, []), html.escape(character, quote=False)]
        at += units(character)
    return "".join([*shown, *closed.get(at, [])])


def _tags(entity: Json) -> tuple[str, str] | None:
    kind = entity["type"]
    if kind in ("text_link", "text_mention"):
        target = entity.get("url") or f"tg://user?id={entity['user']['id']}"
        return f'<a href="{html.escape(target)}">', "</a>"
    if kind == "pre" and entity.get("language"):
        return f'<pre language="{entity["language"]}">', "</pre>"
    if kind == "expandable_blockquote":
        return "<blockquote expandable>", "</blockquote>"
    return (f"<{_TAGS[kind]}>", f"</{_TAGS[kind]}>") if kind in _TAGS else None
