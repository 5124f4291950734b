"""Files that people and the bot have sent, and the place from which they are downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.refused import wrong

Json = dict[str, Any]
CHUNK = 1 << 14
MIB = 1 << 20


@dataclass(eq=False)
class File:
    """`size` bytes; beyond its data it goes on with zeros, which are nowhere kept."""

    id: str
    name: str
    data: bytes
    size: int
    mime_type: str = "application/octet-stream"
    photo: bool = False
    path: str = ""  # once it has been asked for

    def __repr__(self) -> str:
        return f"<File {self.name}, {self.size} bytes>"

    @property
    def unique(self) -> str:
        return hashlib.md5(self.id.encode(), usedforsecurity=False).hexdigest()[:16]

    def payload(self) -> Json:
        return {"file_id": self.id, "file_unique_id": self.unique, "file_size": self.size}

    def as_document(self) -> Json:
        return self.payload() | {"file_name": self.name, "mime_type": self.mime_type}

    def as_photo(self) -> list[Json]:
        return [self.payload() | {"width": 640, "height": 480}]

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, self.size, CHUNK):
            end = min(start + CHUNK, self.size)
            yield self.data[start:end].ljust(end - start, b"\0")


@dataclass
class Files:
    download_limit: int = 20 * MIB  # that getFile gives out
    upload_limit: int = 50 * MIB
    photo_limit: int = 10 * MIB
    known: dict[str, File] = field(default_factory=dict)
    downloads: list[str] = field(default_factory=list)  # names

    def add(self, name: str, data: bytes, size: int | None = None, mime_type: str = "", photo: bool = False) -> File:
        number = len(self.known) + 1
        identifier = f"BQACAgIAAxkBAAI{number:04d}"
        held = File(identifier, name, data, len(data) if size is None else size, photo=photo)
        held.mime_type = mime_type or held.mime_type
        self.known[identifier] = held
        return held

    def locate(self, identifier: str) -> Json:
        """getFile."""
        file = self.known.get(identifier)
        if file is None:
            raise wrong("invalid file_id")
        if file.size > self.download_limit:
            raise wrong("file is too big")
        number = list(self.known).index(identifier)
        ending = file.name.rpartition(".")[2] or "bin"
        file.path = f"{'photos' if file.photo else 'documents'}/file_{number}.{ending}"
        return file.payload() | {"file_path": file.path}

    def at(self, path: str) -> File | None:
        return next((file for file in self.known.values() if file.path and file.path == path), None)
