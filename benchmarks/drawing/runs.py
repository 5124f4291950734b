"""Text in styles, before it is drawn. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Text in one style; a `pill` is a mention, a command or a moment: like `code`, it has a box of its own.

    `mono`: in letters of one width, without a box.
    """

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    mono: bool = False
    link: bool = False
    pill: str = ""

    @property
    def fixed(self) -> bool:
        """Whether its letters have one width."""
        return self.code or self.mono


@dataclass(frozen=True)
class Block:
    """kind: text, heading (with its level), sub, quote, item (with its mark) or code."""

    kind: str
    runs: tuple[Run, ...]
    mark: str = ""
    level: int = 0
