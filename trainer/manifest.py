"""A persona's manifest: what it was made of and with, and its files' checksums. Written last: a folder without a
valid manifest is not a persona. No torch.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trainer.digest import sha256, text_sha256
from trainer.layout import ADAPTER
from trainer.protocol import AccountCounts, Lineage, Method, Origin, ReportCard

MANIFEST = "manifest.json"


class DamagedPersona(Exception):
    """A persona's files are missing or changed. The message names the file."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class FileRecord(_Record):
    sha256: str
    n_bytes: int


class BaseRecord(_Record):
    """The base model a persona was trained on; `fingerprint` identifies its weights."""

    name: str
    fingerprint: str
    parameters: int


class CorpusRecord(_Record):
    accounts: tuple[AccountCounts, ...]
    duplicates: int
    train_posts: int
    held_out_posts: int
    train_tokens: int


class PointRecord(_Record):
    """An evaluation during a run. Losses are nats per token; the training loss is the mean since the one before."""

    epoch: float
    train_loss: float
    held_out_loss: float


class RunRecord(_Record):
    """Hyper-parameters as used, and what came of them. `peak_bytes`: of the process, on a GPU of its memory there."""

    method: Method
    epochs: int
    learning_rate: float
    lora_rank: int
    token_rows: int
    batch_tokens: int
    seed: int
    curve: tuple[PointRecord, ...]
    best_epoch: float
    bits_per_byte_before: float
    bits_per_byte: float
    seconds: float
    tokens_per_second: float
    peak_bytes: int
    device: str


class RefreshRecord(_Record):
    """The version that a training went on from, and its bits per byte on the posts held out today.

    `origin`: from where a version before, or that one, was pulled.
    """

    version: int
    new_posts: int
    bits_per_byte: float
    origin: Origin | None = None


class Manifest(_Record):
    """`run` is None for a model of another kind that was pulled (`origin`): nobody recorded how it was trained."""

    format: Literal[1] = 1
    persona: str
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    base: BaseRecord
    corpus: CorpusRecord
    run: RunRecord | None
    sample: str
    refresh: RefreshRecord | None = None
    lineage: Lineage | None = None
    origin: Origin | None = None
    version_sha256: str = ""  # of what was exported: its other forms are still that version
    report: ReportCard | None = None  # filled in after the persona is published
    versions: dict[str, str]
    files: dict[str, FileRecord]

    @property
    def n_bytes(self) -> int:
        """Of the persona's files; not of this record, which grows."""
        return sum(record.n_bytes for record in self.files.values())

    @property
    def posts_sha256(self) -> dict[str, str]:
        """By handle, as far as they were recorded."""
        return {one.handle: one.sha256 for one in self.lineage.posts} if self.lineage else {}

    @property
    def corpus_sha256(self) -> str:
        """ "": it wasn't recorded."""
        return self.lineage.corpus_sha256 if self.lineage else ""

    @property
    def method(self) -> Method | None:
        """None: nobody recorded it."""
        return self.run.method if self.run else None

    @property
    def is_whole(self) -> bool:
        """It is a model of its own, with its tokenizer, rather than an adapter on the base model."""
        return ADAPTER not in self.files

    @property
    def sha256(self) -> str:
        """Of the files' names and checksums as they were trained, a line each as `sha256sum` prints it."""
        return self.version_sha256 or text_sha256(
            "".join(f"{record.sha256}  {name}\n" for name, record in sorted(self.files.items()))
        )


def public(manifest: Manifest) -> Manifest:
    """Without what is nobody else's business: who asked for it, whose files it came from, whom it was compared with."""
    accounts = tuple(
        one.model_copy(update={"source": one.source.partition(":")[0], "bio": ""}) for one in manifest.corpus.accounts
    )
    lineage = manifest.lineage and manifest.lineage.model_copy(update={"job": 0, "asked_by": ""})
    corpus = manifest.corpus.model_copy(update={"accounts": accounts})
    report = manifest.report and manifest.report.model_copy(update={"contrast": ()})
    return manifest.model_copy(update={"corpus": corpus, "lineage": lineage, "report": report})


def checksum(path: Path) -> FileRecord:
    return FileRecord(sha256=sha256(path), n_bytes=path.stat().st_size)


def checksums(folder: Path) -> dict[str, FileRecord]:
    """Every file of a persona's folder but the manifest."""
    return {path.name: checksum(path) for path in sorted(folder.iterdir()) if not path.name.startswith(MANIFEST)}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write and sync, whole or not at all; the rename that publishes a new folder comes after."""
    part = folder / f"{MANIFEST}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(manifest.model_dump_json(indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / MANIFEST)


def read_manifest(folder: Path) -> Manifest:
    """Raises DamagedPersona when it is missing or not a manifest."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise DamagedPersona(f"{MANIFEST} is missing") from None
    except ValidationError as error:
        raise DamagedPersona(f"{MANIFEST} is not a manifest") from error


def verify(folder: Path) -> Manifest:
    """The manifest, after every file it lists was found with its checksum. Raises DamagedPersona."""
    manifest = read_manifest(folder)
    for name, record in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise DamagedPersona(f"{name} is missing")
        if checksum(path) != record:
            raise DamagedPersona(f"{name} has changed since it was trained (its checksum differs)")
    return manifest
