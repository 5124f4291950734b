"""A model card as a reader of Markdown sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import yaml  # type: ignore[import-untyped]
from markdown_it import MarkdownIt
from markdown_it.token import Token

RENDERER = MarkdownIt("gfm-like", {"linkify": False})  # GitHub's tables and strike-through, and HTML as it comes


class Page:
    """Front matter, and the rest as tokens."""

    def __init__(self, card: str) -> None:
        opening, self.front_matter, self.body = card.split("---\n", 2)
        assert opening == ""
        self.tokens = RENDERER.parse(self.body)

    @property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = yaml.safe_load(self.front_matter)
        return found

    @property
    def texts(self) -> list[str]:
        """Of paragraphs, headings, cells and the like, without markup."""
        return [_text(token.children or ()) for token in self.tokens if token.type == "inline"]

    @property
    def headings(self) -> list[str]:
        found = zip(self.tokens, self.tokens[1:], strict=False)
        return [_text(after.children or ()) for before, after in found if before.type == "heading_open"]

    @property
    def html(self) -> list[str]:
        """Blocks and tags, as they stand in the source."""
        return [token.content for token in self._all() if token.type in {"html_block", "html_inline"}]

    @property
    def links(self) -> list[str]:
        """Of links and of pictures in Markdown."""
        found = (token.attrs.get("href", token.attrs.get("src")) for token in self._all())
        return [str(address) for address in found if address]

    def fences(self, language: str) -> list[str]:
        return [token.content for token in self.tokens if token.type == "fence" and token.info == language]

    def table_under(self, heading: str) -> list[list[str]]:
        """The first table after a heading: rows of cells, the head first."""
        at = next(i for i, token in enumerate(self.tokens) if token.type == "inline" and token.content == heading)
        rows: list[list[str]] = []
        for token in self.tokens[at:]:
            if token.type == "tr_open":
                rows.append([])
            elif token.type == "inline" and rows:
                rows[-1].append(_text(token.children or ()))
            elif token.type == "table_close":
                break
        return rows

    def _all(self) -> Iterator[Token]:
        for token in self.tokens:
            yield token
            yield from token.children or ()


def _text(tokens: Sequence[Token]) -> str:
    kinds = {"softbreak": " ", "hardbreak": "\n"}
    return "".join(kinds.get(token.type, token.content) for token in tokens if token.type != "html_inline")
