"""What a training goes on from: the version before, where it fits, or the base model."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from trainer.base import Base, embedding_weight, layer_sizes, read_weights
from trainer.lora import Adapter, AdapterMismatch, read_adapter
from trainer.manifest import DamagedPersona, verify
from trainer.protocol import Hyperparameters, Origin, Refresh
from trainer.recipe import Recipe
from trainer.trainee import Trainee, adapter, whole


class NotBetter(Exception):
    """A refreshed persona would be worse than the version that it went on from. The message is for people."""


@dataclass(frozen=True)
class Start:
    """A version that can be gone on from: an adapter, or a whole model in its folder."""

    folder: Path
    refresh: Refresh
    rank: int
    adapter: Adapter | None
    origin: Origin | None

    @property
    def has_rows(self) -> bool:
        """Whether token rows of its own are in its adapter."""
        return self.adapter is not None and self.adapter.token_ids.numel() > 0


def find_start(refresh: Refresh | None, base: Base, wished: Hyperparameters) -> Start | None:
    """None when the base model is the start.

    So it is when the version is damaged, of another base model or method, or of another seed: other posts were held out
    then, and it would be judged on posts that it has learnt.
    """
    if refresh is None:
        return None
    folder = Path(refresh.folder)
    try:
        manifest = verify(folder)
        run = manifest.run
        if run is None or manifest.is_whole != (run.method == "full"):  # a merged one has no adapter to go on from
            return None
        if (manifest.base.fingerprint, run.method, run.seed) != (base.fingerprint, wished.method, wished.seed):
            return None
        adapter = _read_adapter(folder, base) if run.method == "lora" else None
    except (DamagedPersona, AdapterMismatch):
        return None
    before = manifest.refresh.origin if manifest.refresh else None
    return Start(folder, refresh, run.lora_rank, adapter, manifest.origin or before)


def _read_adapter(folder: Path, base: Base) -> Adapter:
    vocabulary, width = embedding_weight(base.model).shape
    return read_adapter(folder, layer_sizes(base.model), (vocabulary, width))


@contextlib.contextmanager
def trainee_of(base: Base, recipe: Recipe, occurring: Collection[int], start: Start | None = None) -> Iterator[Trainee]:
    """What the recipe trains, on posts of `occurring` tokens; the base is left as it was. Raises BaseModelError."""
    if recipe.method == "full":
        trainee = whole(base, occurring, read_weights(start.folder, like=base.model) if start else None)
    else:
        trainee = adapter(base, recipe, occurring, start.adapter if start else None)
    try:
        yield trainee
    finally:
        trainee.release()
