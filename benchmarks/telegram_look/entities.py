"""A text with its entities → blocks of styled runs. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise

from benchmarks.drawing.runs import Block, Run
from tests.doubles.telegram.texts import Text, units

JOINER = "\u2060"  # invisible
BLOCKS = {"pre": "code", "blockquote": "quote", "expandable_blockquote": "quote"}
LINKS = {"text_link", "text_mention", "mention", "url", "hashtag", "bot_command"}
Mark = tuple[int, int, str]  # from a character to another; its kind


def blocks(text: Text) -> list[Block]:
    """Line by line."""
    marks, found, start = _marks(text), list[Block](), 0
    for row in text.plain.split("\n"):
        end = start + len(row)
        kinds = [BLOCKS[kind] for first, last, kind in marks if kind in BLOCKS and first <= start < max(last, 1)]
        found.append(Block(kinds[0] if kinds else "text", tuple(_runs(text.plain, start, end, marks))))
        start = end + 1
    return found


def _marks(text: Text) -> list[Mark]:
    """In characters, which Telegram counts as UTF-16 units."""
    ends = [0, *accumulate(map(units, text.plain))]
    places = {end: number for number, end in enumerate(ends)}
    return [(places[one["offset"]], places[one["offset"] + one["length"]], one["type"]) for one in text.entities]


def _runs(plain: str, start: int, end: int, marks: list[Mark]) -> Iterator[Run]:
    edges = {edge for first, last, _ in marks for edge in (first, last) if start < edge < end}
    for here, there in pairwise(sorted({start, end, *edges})):
        kinds = {kind for first, last, kind in marks if first <= here < last}
        yield Run(
            shown(plain[here:there]),
            bold="bold" in kinds,
            italic="italic" in kinds,
            mono=bool(kinds & {"code", "pre"}),
            link=bool(kinds & LINKS),
        )


def shown(words: str) -> str:
    """Without what is invisible; the hourglass is asked to be a picture."""
    return words.replace(JOINER, "").replace("⏳", "⏳\ufe0f")
