"""What a backup says of itself, in its last member: by that, one that was cut is told from a whole one. Pure."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trainer.manifest import FileRecord

CONTENTS = "mynah-backup.json"
DATABASE = "mynah.sqlite3"
PERSONAS, ACCOUNTS, UPLOADS = FOLDERS = ("personas", "accounts", "uploads")


class Contents(BaseModel):
    """`data_dir`: where it was, as uploads of queued jobs are named by their whole path. `files` are by their paths.

    `posts`: whether they are in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    mynah: str
    schema_version: int
    created_at: datetime
    base_model: str
    data_dir: str
    posts: bool
    personas: int
    versions: int
    files: dict[str, FileRecord]

    @property
    def n_bytes(self) -> int:
        return sum(record.n_bytes for record in self.files.values())


def belongs(name: str) -> bool:
    """Is this a place where a backup may put a file? Not above the data folder, nor beside what Mynah keeps there."""
    path = PurePosixPath(name)
    if "\0" in name or ".." in path.parts or str(path) != name:
        return False
    return name == DATABASE or (len(path.parts) > 1 and path.parts[0] in FOLDERS)
