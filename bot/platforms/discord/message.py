"""A message before it is sent: what it says, its buttons, its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import discord

from bot.pictures.painter import Picture


@dataclass(frozen=True)
class Attached:
    """A file that a message has already."""

    id: int
    filename: str

    def to_dict(self) -> dict[str, Any]:
        """As the library asks for it, of what an edit keeps."""
        return {"id": self.id, "filename": self.filename}


@dataclass(frozen=True)
class Message:
    """Content with buttons, or a layout, which is all there is then. `bare`: the same where files aren't allowed."""

    content: str = ""
    view: discord.ui.View | discord.ui.LayoutView | None = None
    pictures: tuple[Picture, ...] = ()
    bare: Message | None = None

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

    def edits(self, attached: Sequence[Attached] = ()) -> dict[str, Any]:
        """For editing, which replaces all but the pictures that are there already."""
        layout = isinstance(self.view, discord.ui.LayoutView)
        parts = self.parts()
        parts.pop("files", None)
        there = [one.filename for one in attached] == [picture.name for picture in self.pictures]
        files = list(attached) if there else self.files()
        return {"view": None, "attachments": files} | ({} if layout else {"content": self.content}) | parts

    def files(self) -> list[discord.File]:
        """New ones each time: each can be sent only once."""
        return [discord.File(BytesIO(picture.data), picture.name) for picture in self.pictures]


def attached_to(message: discord.Message) -> list[Attached]:
    """The files in a message's galleries. Discord doesn't list them among its attachments."""
    galleries = (part for part in _walk(message.components) if isinstance(part, discord.MediaGalleryComponent))
    media = [item.media for gallery in galleries for item in gallery.items]
    return [Attached(one.attachment_id, _filename(one.url)) for one in media if one.attachment_id is not None]


def _walk(components: Sequence[discord.Component]) -> Iterator[discord.Component]:
    for one in components:
        yield one
        if isinstance(one, discord.Container):
            yield from _walk(one.children)


def _filename(url: str) -> str:
    return PurePosixPath(urlsplit(url).path).name
