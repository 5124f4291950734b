"""Text with marks (bold, quoted, …), as Telegram takes it: plain text beside a list of entities. Pure.

Nothing is pasted into a markup language, so nothing needs escaping. What Telegram makes of plain text by itself
(mentions, links, commands) is kept from it by `plain`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from telegram import MessageEntity, User

LIMIT = 4096  # UTF-16 units of a message
CAPTION_LIMIT = 1024
CUT = "…"
_NAME = r"@[\w\u2060-]+(?:\.[\w\u2060-]+)*(?::\d+(?:\.\d+)?)?"
_EXAMPLE = re.compile(
    rf"/(?:train|say|card|forget|optout) (?:{_NAME}(?: {_NAME})*(?: --\w+(?: \d)?)*(?: My dream is)?|My dream is)"
)
# What Telegram would turn into a mention, a hashtag, a command or a link. A word joiner is invisible and stops it.
_JOINER = "\u2060"
_MENTION = re.compile(r"@(?=\w)")
_LIVE = re.compile(r"[@#$](?=\w)|(?<![\w/])/(?=\w)|(?<=\w)\.(?=\w)|(?<=:)//")


@dataclass(frozen=True)
class Rich:
    """The marks' offsets and lengths are in characters."""

    text: str = ""
    marks: tuple[MessageEntity, ...] = ()

    def __add__(self, other: Rich | str) -> Rich:
        after = other if isinstance(other, Rich) else Rich(other)
        return Rich(self.text + after.text, (*self.marks, *(_moved(mark, len(self.text)) for mark in after.marks)))

    @property
    def entities(self) -> list[MessageEntity]:
        """For sending: offsets and lengths in UTF-16 units."""
        return list(MessageEntity.adjust_message_entities_to_utf_16(self.text, self.marks))


def _moved(mark: MessageEntity, by: int) -> MessageEntity:
    return _part(mark, mark.offset + by, mark.length)


def _part(mark: MessageEntity, offset: int, length: int) -> MessageEntity:
    return MessageEntity(mark.type, offset, length, user=mark.user, language=mark.language)


def marked(kind: str, text: str) -> Rich:
    return Rich(text, (MessageEntity(kind, 0, len(text)),)) if text.strip() else Rich(text)


def bold(text: str) -> Rich:
    return marked(MessageEntity.BOLD, text)


def italic(text: str) -> Rich:
    return marked(MessageEntity.ITALIC, text)


def mention(user: int, text: str) -> Rich:
    """Rings for a person, whatever the text."""
    known = User(user, text, False)
    return Rich(text, (MessageEntity(MessageEntity.TEXT_MENTION, 0, len(text), user=known),))


def block(text: str) -> Rich:
    """In letters of one width."""
    return marked(MessageEntity.PRE, text)


def quote(text: str) -> Rich:
    return marked(MessageEntity.BLOCKQUOTE, text)


def with_part(text: str, part: str, kind: str) -> Rich:
    """A sentence, with one of its parts marked."""
    before, found, after = text.partition(part)
    return Rich(before) + marked(kind, found) + after


def with_examples(text: str) -> Rich:
    """Commands with words after them are copied by a tap; Telegram would send the bare command."""
    rich = Rich()
    end = 0
    for found in _EXAMPLE.finditer(text):
        rich = rich + text[end : found.start()] + marked(MessageEntity.CODE, found[0])
        end = found.end()
    return rich + text[end:]


def lines(parts: Iterable[Rich | str], between: str = "\n") -> Rich:
    whole = Rich()
    for n, part in enumerate(parts):
        whole = whole + (between if n else "") + part
    return whole


def paragraphs(*parts: Rich | str) -> Rich:
    """Those that aren't empty."""
    return lines((part for part in parts if (part.text if isinstance(part, Rich) else part)), "\n\n")


def plain(text: str) -> str:
    """Shown as it is: it mentions nobody and links nowhere."""
    return _LIVE.sub(lambda found: _JOINER.join([*found[0], ""]), text)


def without_mentions(text: str) -> str:
    return _MENTION.sub(f"@{_JOINER}", text)


def original(text: str) -> str:
    """What `plain` was given."""
    return text.replace(_JOINER, "")


def units(text: str) -> int:
    """How long it is for Telegram."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def first_part(rich: Rich, limit: int = LIMIT) -> Rich:
    """The beginning, `limit` UTF-16 units at most."""
    if units(rich.text) <= limit:
        return rich
    kept = _slice(rich, 0, len(_fitting(rich.text, limit - units(CUT))))
    return Rich(kept.text + CUT, kept.marks)


def fitting(limit: int, *ways: Rich) -> Rich:
    """The first that has `limit` UTF-16 units at most; else the beginning of the last."""
    return next((way for way in ways if units(way.text) <= limit), first_part(ways[-1], limit))


def parts(rich: Rich, limit: int) -> list[Rich]:
    """All of it, in parts of `limit` UTF-16 units at most, between words where that is possible."""
    found = []
    while units(rich.text) > limit:
        kept = _fitting(rich.text, limit)
        at = max(kept.rfind(" "), kept.rfind("\n")) + 1 or len(kept)
        found.append(_slice(rich, 0, at))
        rich = _slice(rich, at, len(rich.text))
    return [*found, rich]


def _slice(rich: Rich, start: int, end: int) -> Rich:
    """Without white space at its end."""
    text = rich.text[start:end].rstrip()
    end = start + len(text)
    marks = []
    for mark in rich.marks:
        first, last = max(mark.offset, start), min(mark.offset + mark.length, end)
        if first < last:
            marks.append(_part(mark, first - start, last - first))
    return Rich(text, tuple(marks))


def last_part(text: str, limit: int) -> str:
    """The end, `limit` UTF-16 units at most."""
    return text if units(text) <= limit else CUT + _fitting(text[::-1], limit - units(CUT))[::-1].lstrip()


def _fitting(text: str, limit: int) -> str:
    kept = text[:limit]
    while units(kept) > limit:
        kept = kept[: -max(1, (units(kept) - limit) // 2)]
    return kept
