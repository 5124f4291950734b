"""The files of X's archive are scripts: `window.YTD.<kind>.part0 = [ … ]`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from bot.errors import BadInput
from bot.sources.formats.json_list import JsonText
from bot.texts import Text

_PREFIX = re.compile(r"window\.YTD\.(\w+)\.part\d+\s*=\s*")


def script_items(text: JsonText, name: str, kinds: Collection[str]) -> Iterator[object]:
    """The items of a script of one of these kinds, or of a bare list. Raises BadInput."""
    if text.peek() == "w":
        prefix = _PREFIX.match(text.text, text.at)
        if prefix is None or prefix[1] not in kinds:
            raise BadInput(
                Text(
                    "{name} is not the part of an X archive that has the posts. Give me its data/tweets.js.", name=name
                )
            )
        text.at = prefix.end()
    yield from text.items()
