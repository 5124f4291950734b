"""Runs in trackio (https://huggingface.co/docs/trackio): on this machine, or where its own variables say."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trackio

from trainer.protocol import Tracking
from trainer.tracking.events import Artifact, Outcome, Started, Table
from trainer.tracking.tracker import ABOUT, alias


class TrackioTracker:
    """trainer.tracking.tracker.Tracker over trackio."""

    def __init__(self, tracking: Tracking) -> None:
        self._project = tracking.project
        self._run: Any = None

    def start(self, run: Started) -> None:
        self._run = trackio.init(
            self._project,
            name=run.name,
            group=run.group,
            config={"kind": run.kind, **run.config},
            embed=False,
            auto_log_cpu=False,
            auto_log_gpu=False,
        )

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def show(self, table: Table, step: int) -> None:
        data = [list(row) for row in table.rows]
        self._run.log({table.name: trackio.Table(columns=list(table.columns), data=data)}, step=step)

    def use(self, artifact: Artifact) -> None:
        """What no run here has made, such as a base model, is logged first: it then counts as made by this one, too."""
        version = f"{artifact.name}:{alias(artifact)}"
        try:
            self._run.use_artifact(version)
        except ValueError:  # not there
            self.make(artifact)
            self._run.use_artifact(version)

    def make(self, artifact: Artifact) -> None:
        theirs = trackio.Artifact(artifact.name, artifact.type, metadata=artifact.about)
        with tempfile.TemporaryDirectory() as folder:
            about = Path(folder, ABOUT)
            about.write_text(json.dumps(artifact.about, indent=2), encoding="utf-8")
            for name, path in {ABOUT: str(about), **artifact.files}.items():
                theirs.add_file(path, name)
            self._run.log_artifact(theirs, aliases=[alias(artifact)])

    def end(self, outcome: Outcome) -> None:
        self._run.log({"outcome": outcome})
        self._run.finish()
