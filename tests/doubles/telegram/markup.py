"""Texts with parse_mode "HTML", read as strictly as Telegram reads them."""

from __future__ import annotations

import html
import re
from typing import Any

from tests.doubles.telegram.refused import Refused, wrong
from tests.doubles.telegram.texts import Text, units

Json = dict[str, Any]
_PART = re.compile(r"<(?P<end>/?)(?P<tag>[A-Za-z][\w-]*)(?P<rest>[^<>]*)>|(?P<named>&[#\w]+;)|(?P<other>[<&]|[^<&]+)")
_ATTRIBUTE = re.compile(r"\s+([a-z-]+)(?:=\"([^\"]*)\")?")
_KINDS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
    "tg-spoiler": "spoiler",
}


def parse(source: str, mode: str) -> Text:
    if mode.lower() == "html":
        return Reader(source).read()
    if mode in ("MarkdownV2", "Markdown"):
        raise wrong(f"can't parse entities: the fake does not read {mode}")
    raise wrong("unsupported parse_mode")


class Reader:
    """Goes through one text; `_open` are the tags that wait for their end."""

    def __init__(self, source: str) -> None:
        self.source, self.plain = source, ""
        self.entities: list[Json] = []
        self._open: list[tuple[str, Json]] = []

    def read(self) -> Text:
        for match in _PART.finditer(self.source):
            if match["tag"]:
                self._tag(match)
            else:
                self.plain += self._text(match)
        if self._open:
            tag = self._open[-1][0]
            raise self._failed(f'Can\'t find end tag corresponding to start tag "{tag}"', len(self.source))
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return Text(self.plain, self.entities)

    def _text(self, match: re.Match[str]) -> str:
        if match["named"]:
            return html.unescape(match["named"])
        if match["other"] in ("<", "&"):
            raise self._failed(f"Unescaped {match['other']!r}", match.start())
        return match["other"]

    def _tag(self, match: re.Match[str]) -> None:
        tag = match["tag"].lower()
        if tag not in _KINDS:
            raise self._failed(f'Unsupported start tag "{tag}"', match.start())
        if not match["end"]:
            self._open.append((tag, self._entity(tag, match)))
        elif not self._open or self._open[-1][0] != tag:
            raise self._failed(f'Unexpected end tag "{tag}"', match.start())
        else:
            self._close()

    def _close(self) -> None:
        entity = self._open.pop()[1]
        entity["length"] = units(self.plain) - entity["offset"]
        if entity["length"]:
            self.entities.append(entity)

    def _entity(self, tag: str, match: re.Match[str]) -> Json:
        if _ATTRIBUTE.sub("", match["rest"]).strip():
            raise self._failed(f'Malformed attributes of "{tag}"', match.start())
        given = {name: html.unescape(value) for name, value in _ATTRIBUTE.findall(match["rest"])}
        entity: Json = {"type": _KINDS[tag], "offset": units(self.plain), "length": 0}
        if tag == "a":
            return self._link(entity, given.get("href", ""))
        if tag == "blockquote" and "expandable" in given:
            entity["type"] = "expandable_blockquote"
        return entity

    def _link(self, entity: Json, target: str) -> Json:
        person = re.fullmatch(r"tg://user\?id=(\d+)", target)
        if person:
            return entity | {"type": "text_mention", "user": {"id": int(person[1]), "is_bot": False, "first_name": ""}}
        return entity | {"url": target}

    def _failed(self, what: str, at: int) -> Refused:
        return wrong(f"can't parse entities: {what} at byte offset {len(self.source[:at].encode())}")
