"""A file that is one JSON object: Mastodon's outbox.json or Telegram Desktop's result.json, told by its keys."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

from bot.errors import BadInput
from bot.sources.formats.archives import refuse_part
from bot.sources.formats.json_list import JsonText
from bot.sources.formats.json_walk import check_end, keys
from bot.sources.formats.mastodon_archive import ITEMS, activity_posts
from bot.sources.formats.reading import Meter, Metered
from bot.sources.formats.telegram_export import ACCOUNT, CHATS, MESSAGES, Export
from bot.sources.posts import TEXT_KEYS
from bot.texts import Text
from trainer.corpus import Post

_KNOWN = {"@context", ITEMS, ACCOUNT, MESSAGES, *CHATS}
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_object(head: bytes) -> bool:
    """Whether the first 4 KiB of a file begin one JSON object, rather than lines of them (JSONL).

    It is one if its first line has keys that only these files have, or ends inside it.
    """
    decoder = codecs.getincrementaldecoder("utf-16" if head.startswith(_UTF16) else "utf-8-sig")("replace")
    line, newline, _ = decoder.decode(head).lstrip().partition("\n")
    if not line.startswith("{"):
        return False
    found = _keys(line)
    if found.intersection(TEXT_KEYS):
        return False
    return bool(found & _KNOWN) or (newline == "\n" and line.rstrip().endswith(("{", "[", ",")))


def _keys(line: str) -> set[str]:
    """Those of an object, as far as the line has it."""
    found: set[str] = set()
    with suppress(BadInput):  # it is cut off
        for key in keys(JsonText(io.BytesIO(line.encode("utf-8", "replace")).read, "")):
            found.add(key)
    return found


def object_posts(file: IO[bytes], name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    """The public posts of an outbox.json, or the messages in a result.json of the sender `part`. Raises BadInput."""
    text = JsonText(Metered(file, meter).read, name)
    export = Export(text, name, part)
    has_items = False
    for key in keys(text):
        if key == ITEMS:
            refuse_part(part, name)
            has_items = True
            yield from activity_posts(text, name)
        else:
            yield from export.posts(key)
    check_end(text)
    export.check()
    if not has_items and not export.has_chats:
        raise BadInput(
            Text(
                "{name} is JSON that I don't know. I read the outbox.json of a Mastodon archive, the result.json of a "
                "chat that Telegram Desktop exported, and posts in a JSON list or in JSONL, where every line is like "
                '{{"text": "…"}}.',
                name=name,
            )
        )
