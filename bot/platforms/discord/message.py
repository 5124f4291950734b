"""A message before it is sent: what it says, its buttons, its pictures."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import discord

from bot.platforms.pictures import Picture


@dataclass(frozen=True)
class Message:
    """Content with buttons, or a layout, which is all there is then."""

    content: str = ""
    view: discord.ui.View | discord.ui.LayoutView | None = None
    pictures: tuple[Picture, ...] = ()

    def parts(self) -> dict[str, Any]:
        """For sending."""
        parts: dict[str, Any] = {"content": self.content} if self.content else {}
        if self.view is not None:
            # A stopped view isn't remembered by the library: its buttons are found by their ids, also after a restart.
            self.view.stop()
            parts["view"] = self.view
        if self.pictures:
            parts["files"] = self.files()
        return parts

    def edits(self) -> dict[str, Any]:
        """For editing, which replaces all."""
        layout = isinstance(self.view, discord.ui.LayoutView)
        parts = self.parts()
        parts.pop("files", None)
        return {"view": None, "attachments": self.files()} | ({} if layout else {"content": self.content}) | parts

    def files(self) -> list[discord.File]:
        """New ones each time: each can be sent only once."""
        return [discord.File(BytesIO(picture.data), picture.name) for picture in self.pictures]
