"""What a back end has to do, and who tells it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from trainer.tracking.events import Artifact, Ended, Event, Logged, Made, Outcome, Shown, Started, Table, Used

ABOUT = "about.json"  # in every artifact
ALIAS_LENGTH = 12  # of an artifact's SHA-256


class Tracker(Protocol):
    """One run after the other, in one back end. Any method may raise whatever its library does."""

    def start(self, run: Started) -> None: ...

    def log(self, values: Mapping[str, float], step: int) -> None: ...

    def show(self, table: Table, step: int) -> None: ...

    def use(self, artifact: Artifact) -> None: ...

    def make(self, artifact: Artifact) -> None: ...

    def end(self, outcome: Outcome) -> None: ...


def tell(tracker: Tracker, event: Event) -> None:
    match event:
        case Started():
            tracker.start(event)
        case Logged():
            tracker.log(event.values, event.step)
        case Shown():
            tracker.show(event.table, event.step)
        case Used():
            tracker.use(event.artifact)
        case Made():
            tracker.make(event.artifact)
        case Ended():
            tracker.end(event.outcome)


def alias(artifact: Artifact) -> str:
    """What a version is found by, whatever number a back end gives it."""
    return artifact.sha256[:ALIAS_LENGTH]
