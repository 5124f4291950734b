"""What is on the picture of a training's losses. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain import Persona
from bot.pictures.ticks import label, ticks
from trainer.manifest import Manifest, PointRecord

Place = tuple[float, float]  # from (0, 0), the lower left corner, to (1, 1)
Tick = tuple[float, str]

MOST_MARKERS = 40  # more points are a line
MOST_POINTS = 400  # nobody would see more
UNIT = "Loss, nats per token"


@dataclass(frozen=True, slots=True)
class Line:
    """`end`: the loss at its last point, as it is written there."""

    name: str
    places: tuple[Place, ...]
    end: str


@dataclass(frozen=True, slots=True)
class LossFacts:
    """`held_out` and `best` are None where no posts were held out. `best` is a point of `held_out`, from 0."""

    title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    training: Line
    held_out: Line | None
    best: int | None
    best_label: str
    markers: bool
    unit: str
    caption: str


def loss_facts(persona: Persona) -> LossFacts | None:
    """None without a curve: of a model that was pulled, or where there are fewer than two points."""
    manifest, run = persona.manifest, persona.manifest.run
    if run is None or len(run.curve) < 2:
        return None
    curve = run.curve[:: math.ceil(len(run.curve) / MOST_POINTS)]
    training = [point.train_loss for point in curve]
    held_out = [point.held_out_loss for point in curve] if manifest.corpus.held_out_posts else []
    x = ticks(0.0, max(point.epoch for point in curve))
    y = ticks(min(training + held_out), max(training + held_out))
    return LossFacts(
        title=f"How @{persona.name} was trained",
        x_ticks=_labelled(x),
        y_ticks=_labelled(y),
        training=_line("training", curve, training, x, y),
        held_out=_line("held-out posts", curve, held_out, x, y) if held_out else None,
        best=_nearest(curve, run.best_epoch) if held_out else None,
        best_label=f"best: epoch {run.best_epoch:g}",
        markers=len(curve) <= MOST_MARKERS,
        unit=UNIT,
        caption=caption(manifest),
    )


def caption(manifest: Manifest) -> str:
    """How well held-out posts are read, before and after. `manifest` has a run."""
    run, refresh = manifest.run, manifest.refresh
    if run is None or not manifest.corpus.held_out_posts:
        return "There were too few posts to hold any out."
    before, when = run.bits_per_byte_before, "before training"
    if refresh is not None:
        before, when = refresh.bits_per_byte, f"in version {refresh.version}"
    return f"Held-out posts take {before:.2f} bits per byte {when}, {run.bits_per_byte:.2f} after. Less is better."


def _labelled(marks: list[float]) -> tuple[Tick, ...]:
    step = marks[1] - marks[0]
    return tuple((_share(mark, marks), label(mark, step)) for mark in marks)


def _line(name: str, curve: Sequence[PointRecord], losses: list[float], x: list[float], y: list[float]) -> Line:
    pairs = zip(curve, losses, strict=True)
    places = tuple((_share(point.epoch, x), _share(loss, y)) for point, loss in pairs)
    return Line(name, places, f"{losses[-1]:.2f}")


def _share(value: float, marks: list[float]) -> float:
    """How far it is along an axis."""
    return round((value - marks[0]) / (marks[-1] - marks[0]), 4)


def _nearest(curve: Sequence[PointRecord], epoch: float) -> int:
    return min(range(len(curve)), key=lambda n: abs(curve[n].epoch - epoch))
