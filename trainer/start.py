"""What a training goes on from: the version before, where it fits, or the base model."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.base import Base, read_weights
from trainer.lora import AdapterMismatch, read_adapter
from trainer.manifest import DamagedPersona, Manifest, verify
from trainer.protocol import Method, Refresh
from trainer.recipe import Recipe
from trainer.trainee import Trainee, adapter, whole


class NotBetter(Exception):
    """A refreshed persona would be worse than the version that it went on from. The message is for people."""


@dataclass(frozen=True)
class Start:
    """A version that can be gone on from."""

    folder: Path
    refresh: Refresh
    rank: int


def find_start(refresh: Refresh | None, base: Base, method: Method) -> Start | None:
    """None when it is damaged, or of another base model or method: then the base model is the start."""
    if refresh is None:
        return None
    folder = Path(refresh.folder)
    try:
        manifest: Manifest = verify(folder)
    except DamagedPersona:
        return None
    if manifest.base.fingerprint != base.fingerprint or manifest.run.method != method:
        return None
    return Start(folder, refresh, manifest.run.lora_rank)


@contextlib.contextmanager
def trainee_of(base: Base, recipe: Recipe, token_ids: list[int], start: Start | None = None) -> Iterator[Trainee]:
    """What the recipe trains; the base model is as it was afterwards. Raises DamagedPersona."""
    if recipe.method == "full":
        trainee = whole(base, read_weights(start.folder, like=base.model) if start else None)
    else:
        try:
            before = read_adapter(start.folder, base.model) if start else None
        except AdapterMismatch as error:
            raise DamagedPersona(str(error)) from error
        trainee = adapter(base, recipe.lora_rank, token_ids, before)
    try:
        yield trainee
    finally:
        trainee.release()
