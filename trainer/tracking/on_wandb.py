"""Runs in Weights & Biases (https://docs.wandb.ai). The account is that of WANDB_API_KEY or `wandb login`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import wandb

from trainer.protocol import Tracking
from trainer.tracking.events import Artifact, Outcome, Started, Table
from trainer.tracking.tracker import ABOUT, alias

INIT_SECONDS = 15.0  # for its server to answer
# Nothing of this machine goes along: its name, paths, packages, load, source code.
SETTINGS = wandb.Settings(
    console="off",
    disable_code=True,
    disable_git=True,
    host="",
    init_timeout=INIT_SECONDS,
    program="",
    save_code=False,
    silent=True,
    x_disable_machine_info=True,
    x_disable_meta=True,
    x_disable_stats=True,
    x_save_requirements=False,
)


class WandbTracker:
    """trainer.tracking.tracker.Tracker over wandb."""

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking
        self._run: Any = None

    def start(self, run: Started) -> None:
        self._run = wandb.init(
            project=self._tracking.project,
            dir=self._tracking.folder,
            mode="offline" if self._tracking.offline else "online",
            name=run.name,
            group=run.group,
            job_type=run.kind,
            config=run.config,
            settings=SETTINGS,
        )
        self._run.define_metric("train/*", step_metric="epoch")

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._run.log(dict(values), step=step)

    def show(self, table: Table, step: int) -> None:
        data = [list(row) for row in table.rows]
        self._run.log({table.name: wandb.Table(columns=list(table.columns), data=data)}, step=step)

    def use(self, artifact: Artifact) -> None:
        # `use_artifact` refuses to work offline; this is what it calls for an artifact that isn't on the server yet.
        self._run._log_artifact(
            _as_theirs(artifact), aliases=_aliases(artifact), is_user_created=True, use_after_commit=True
        )

    def make(self, artifact: Artifact) -> None:
        self._run.log_artifact(_as_theirs(artifact), aliases=_aliases(artifact))

    def end(self, outcome: Outcome) -> None:
        self._run.summary["outcome"] = outcome
        self._run.finish(exit_code=0 if outcome == "finished" else 1)


def _as_theirs(artifact: Artifact) -> Any:
    """With copies of its files, since they may be sent long after the training."""
    theirs = wandb.Artifact(artifact.name, artifact.type, metadata=artifact.about)
    with theirs.new_file(ABOUT, encoding="utf-8") as file:
        file.write(json.dumps(artifact.about, indent=2))
    for name, path in artifact.files.items():
        theirs.add_file(path, name, skip_cache=True)
    return theirs


def _aliases(artifact: Artifact) -> list[str]:
    return ["latest", alias(artifact)]
