"""A file that is one JSON object: Mastodon's outbox.json or Telegram Desktop's result.json, told by its keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bot.sources.reading import Meter
from trainer.corpus import Post


def is_object(head: bytes) -> bool:
    """Whether the first 4 KiB of a file begin one JSON object, rather than lines of them (JSONL)."""
    return False


def object_posts(file: IO[bytes], name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    """The posts of an outbox.json or result.json. Reads advance the meter, as in every reader. Raises BadInput."""
    yield from ()
