"""What a training tells of itself as it goes. Nothing that goes wrong here harms it."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from trainer.cancelled import Cancelled
from trainer.digest import sha256
from trainer.manifest import BaseRecord, CorpusRecord, Manifest, read_manifest
from trainer.protocol import Progress, ReportCard, Trained, TrainRequest
from trainer.recipe import Recipe
from trainer.start import NotBetter
from trainer.tracking import facts
from trainer.tracking.artifacts import Files, corpus_artifact
from trainer.tracking.events import Ended, Event, Outcome
from trainer.tracking.installed import check_installed
from trainer.tracking.recorder import Recorder, complain

# What people wait for, after a training that has ended so. The bot gives a cancelled worker five seconds.
SECONDS: dict[Outcome, float] = {"finished": 60.0, "cancelled": 2.0, "not better": 10.0, "failed": 10.0}


@dataclass
class Runs:
    """The runs of a training; without a recorder, nobody is told."""

    request: TrainRequest
    recorder: Recorder | None
    epochs: int = 0
    step: int = 0
    held_out_loss: float | None = None

    def begun(
        self, base: BaseRecord, corpus: CorpusRecord, recipe: Recipe, before: Path | None, versions: Mapping[str, str]
    ) -> None:
        """`before`: the folder of the version that it goes on from."""
        self.epochs = recipe.epochs
        self._tell(lambda: self._begun(base, corpus, recipe, before, versions))

    def _begun(
        self, base: BaseRecord, corpus: CorpusRecord, recipe: Recipe, before: Path | None, versions: Mapping[str, str]
    ) -> Iterator[Event]:
        file = Path(self.request.corpus)
        artifact = corpus_artifact(self.request, corpus, sha256(file), self._files({"corpus.json": file}))
        yield from facts.corpus_run(self.request, corpus, artifact)
        yield from facts.training_run(self.request, base, corpus, recipe, versions, artifact)
        if before is not None and self.request.refresh is not None:
            manifest, refresh = read_manifest(before), self.request.refresh
            files = self._files({name: before / name for name in manifest.files}, "before")
            yield from facts.gone_on_from(manifest, refresh.version, refresh.new_posts, files)

    def beside(self, tell: Callable[[Progress | Trained], None]) -> Callable[[Progress | Trained], None]:
        """Whom the training tells, and then us."""

        def both(event: Progress | Trained) -> None:
            tell(event)
            if isinstance(event, Progress) and event.loss is not None:
                self._tell(lambda: [self._progressed(event)])

        return both

    def _progressed(self, progress: Progress) -> Event:
        is_new = progress.held_out_loss != self.held_out_loss
        self.step, self.held_out_loss = progress.done, progress.held_out_loss
        return facts.progressed(progress, self.epochs, progress.held_out_loss if is_new else None)

    def trained(self, manifest: Manifest) -> None:
        """Before anybody moves its files."""
        self._tell(lambda: self._trained(manifest))

    def _trained(self, manifest: Manifest) -> Iterator[Event]:
        if manifest.run is not None:
            out = Path(self.request.out)
            files = self._files({name: out / name for name in manifest.files}, "persona")
            yield from facts.trained(manifest, manifest.run, self.step, files)

    def reported(self, card: ReportCard, samples: Iterable[tuple[str, str]]) -> None:
        """`samples` are (prompt, text with the prompt), fit to be seen by anybody."""
        self._tell(lambda: facts.reported(card, samples, self.step))

    def ended(self, outcome: Outcome) -> None:
        self._tell(lambda: [Ended(outcome=outcome)])
        if self.recorder is not None:
            self.recorder.finish(SECONDS[outcome])

    def _files(self, files: Mapping[str, Path], place: str = "corpus") -> Files:
        """None unless they were asked for."""
        if self.recorder is None or not self.request.tracking.files:
            return {}
        return self.recorder.hold(files, place)

    def _tell(self, events: Callable[[], Iterable[Event]]) -> None:
        if self.recorder is None:
            return
        try:
            for event in events():
                self.recorder.tell(event)
        except Exception as error:
            traceback.print_exc()
            self.recorder.give_up(str(error))


@contextlib.contextmanager
def tracked(request: TrainRequest) -> Iterator[Runs]:
    """The runs of a training, which end with it, in whatever way. Raises TrackingMissing."""
    check_installed(request.tracking.backends)
    runs = Runs(request, start(request))
    try:
        yield runs
    except BaseException as error:
        runs.ended(outcome_of(error))
        raise
    runs.ended("finished")


def start(request: TrainRequest) -> Recorder | None:
    if not request.tracking.backends:
        return None
    try:
        return Recorder.start(request.tracking)
    except OSError as error:
        complain(f"{error}. Mend that, or leave tracking.backends out")
        return None


def outcome_of(error: BaseException) -> Outcome:
    if isinstance(error, Cancelled):
        return "cancelled"
    return "not better" if isinstance(error, NotBetter) else "failed"
