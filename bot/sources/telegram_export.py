"""Telegram Desktop's export, `result.json`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bot.sources.reading import Meter
from trainer.corpus import Post


def export_posts(file: IO[bytes], name: str, meter: Meter, part: str | None) -> Iterator[Post]:
    """One sender's own messages. Reads advance the meter, as in every reader. Raises BadInput."""
    yield from ()
