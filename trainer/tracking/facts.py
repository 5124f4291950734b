"""A training's records → what its runs are told: figures, tables, what is used and made. Pure, no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import JsonValue

from trainer.manifest import BaseRecord, CorpusRecord, Manifest, RunRecord
from trainer.protocol import Progress, ReportCard, TrainRequest
from trainer.recipe import Recipe
from trainer.tracking.artifacts import (
    Files,
    accounts,
    base_artifact,
    base_facts,
    persona_artifact,
    posts_artifact,
    posts_of,
)
from trainer.tracking.events import Artifact, Ended, Event, Logged, Made, Shown, Started, Table, Used

_COUNTS = {"duplicates", "train_posts", "held_out_posts", "train_tokens"}
_LORA = {"lora_rank", "lora_alpha", "trains_embedding"}
_CAME_OF_IT = {
    "token_rows",
    "best_epoch",
    "bits_per_byte_before",
    "bits_per_byte",
    "seconds",
    "tokens_per_second",
    "peak_bytes",
}


def corpus_run(request: TrainRequest, record: CorpusRecord, corpus: Artifact) -> Iterator[Event]:
    """Posts → corpus."""
    yield Started(
        name=run_name(request, "corpus"),
        group=request.persona,
        kind="corpus",
        config={"persona": request.persona, "accounts": accounts(record)},
    )
    for account, digest in posts_of(request):
        yield Used(artifact=posts_artifact(account, digest))
    yield Logged(values=figures(record.model_dump(include=_COUNTS)), step=0)
    yield Made(artifact=corpus)
    yield Ended(outcome="finished")


def training_run(
    request: TrainRequest,
    base: BaseRecord,
    record: CorpusRecord,
    recipe: Recipe,
    versions: Mapping[str, str],
    corpus: Artifact,
) -> Iterator[Event]:
    """Corpus, base model → …"""
    config: dict[str, Any] = {
        "persona": request.persona,
        **hyperparameters(recipe),
        "base_model": base_facts(base),
        "corpus": {"sha256": corpus.sha256, **record.model_dump(include=_COUNTS)},
        "accounts": accounts(record),
        "versions": dict(versions),
    }
    yield Started(name=run_name(request, "training"), group=request.persona, kind="training", config=config)
    yield Used(artifact=corpus)
    yield Used(artifact=base_artifact(base))


def gone_on_from(before: Manifest, version: int, new_posts: int, files: Files) -> Iterator[Event]:
    """The version before, of which a refresh is made as well."""
    yield Used(artifact=persona_artifact(before, files))
    values: dict[str, float] = {"refresh/version": version, "refresh/new_posts": new_posts}
    yield Logged(values=values, step=0)


def progressed(progress: Progress, epochs: int, held_out_loss: float | None) -> Logged:
    """`held_out_loss`: where it is new."""
    values = {
        "epoch": round(epochs * progress.done / max(1, progress.total), 3),
        "train/loss": progress.loss,
        "train/held_out_loss": held_out_loss,
        "train/tokens_per_second": progress.tokens_per_second,
    }
    return Logged(values=figures(values), step=progress.done)


def trained(manifest: Manifest, run: RunRecord, step: int, files: Files) -> Iterator[Event]:
    """… → persona. `run` is the manifest's."""
    came_of_it = run.model_dump(include=_CAME_OF_IT)
    last = run.curve[-1]
    yield Logged(
        values=figures(came_of_it) | {"epoch": last.epoch, "train/held_out_loss": last.held_out_loss}, step=step
    )
    rows = tuple((point.epoch, point.train_loss, point.held_out_loss) for point in run.curve)
    yield Shown(table=Table(name="curve", columns=("epoch", "train_loss", "held_out_loss"), rows=rows), step=step)
    yield Made(artifact=persona_artifact(manifest, files))


def reported(card: ReportCard, samples: Iterable[tuple[str, str]], step: int) -> Iterator[Event]:
    """`samples` are (prompt, text with the prompt)."""
    yield Logged(values={f"report/{name}": value for name, value in figures(card.model_dump()).items()}, step=step)
    yield Shown(table=Table(name="samples", columns=("prompt", "text"), rows=tuple(samples)), step=step)


def run_name(request: TrainRequest, kind: str) -> str:
    job = f"-{request.lineage.job}" if request.lineage else ""
    return f"{request.persona}{job}-{kind}"


def hyperparameters(recipe: Recipe) -> dict[str, JsonValue]:
    """As used."""
    used = {name: value for name, value in asdict(recipe).items() if recipe.method == "lora" or name not in _LORA}
    return {**used, "batch_tokens": recipe.batch_tokens}


def figures(values: Mapping[str, Any]) -> dict[str, float]:
    """Those that are there, and are numbers."""
    return {name: value for name, value in values.items() if isinstance(value, int | float) and math.isfinite(value)}
