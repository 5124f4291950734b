"""Trainings logged with both libraries, offline, and read back from what they have written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests import builders
from trainer.base import Base, load_base
from trainer.cancelled import Cancelled
from trainer.digest import sha256
from trainer.finetune import finetune
from trainer.fit import Diverged
from trainer.manifest import BaseRecord, CorpusRecord, Manifest, read_manifest, verify
from trainer.protocol import (
    FIRST_PROMPT,
    AccountCounts,
    Hyperparameters,
    Lineage,
    PostsDigest,
    Progress,
    Refresh,
    ReportCard,
    Tracking,
    Trained,
    TrainRequest,
)
from trainer.quotes import read_quotes
from trainer.recipe import BaseSize, Recipe, choose_recipe
from trainer.start import NotBetter
from trainer.tracking import recorder, runs
from trainer.tracking.__main__ import follow
from trainer.tracking.artifacts import accounts, base_artifact, corpus_artifact, fit, persona_artifact
from trainer.tracking.events import Artifact, Ended, Event, Logged, Made, Outcome, Shown, Started, Table, Used, decode
from trainer.tracking.events import encode as encode_event
from trainer.tracking.facts import corpus_run, hyperparameters, progressed, reported, trained, training_run
from trainer.tracking.installed import TrackingMissing, check_installed
from trainer.tracking.recorder import Recorder, environment

from .helpers import HELD_OUT, POSTS, BaseFolders, train_request
from .logged_runs import Run, trackio_runs, trackio_storage, wandb_runs

POSTS_SHA256 = "a" * 64
SIZE = BaseSize(parameters=40_000, embedding=13_000, context=64)
WISHED = Hyperparameters(epochs=3, lora_rank=4, learning_rate=4e-3)


def lineage(job: int, corpus_sha256: str = "c" * 64) -> Lineage:
    return Lineage(
        job=job,
        asked_by="discord:12345",
        asked_at=datetime(2026, 1, 2, tzinfo=UTC),
        posts=(PostsDigest(handle="pip", sha256=POSTS_SHA256),),
        corpus_sha256=corpus_sha256,
        hyperparameters=WISHED,
    )


def tracked_request(folder: Path, tracking: Tracking, job: int = 1, refresh: Refresh | None = None) -> TrainRequest:
    request = train_request(folder, POSTS * 2 if refresh else POSTS, hyperparameters=WISHED)
    changes = {"lineage": lineage(job, sha256(Path(request.corpus))), "tracking": tracking, "refresh": refresh}
    return request.model_copy(update=changes)


# Real runs, offline


@dataclass
class Both:
    """Two trainings: one of which only facts were logged, and one that went on from it, with its files."""

    folder: Path
    first: Manifest
    card: ReportCard
    second: Manifest
    out: Path  # of the second
    told: list[Progress | Trained]
    wandb: dict[str, Run]
    trackio: dict[str, Run]
    remains: list[str]  # in the tracking's folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for each process that tests: trackio reads its place once, when it is imported."""
    folder = tmp_path_factory.mktemp("tracking")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKIO_DIR", str(folder / "trackio"))
        trackio_storage()
    return folder


@pytest.fixture(scope="session")
def logged(base_folders: BaseFolders, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    base = load_base(str(base_folders["gpt2"]))
    place = tmp_path_factory.mktemp("trainings")
    told: list[Progress | Trained] = []
    facts = Tracking(backends=("wandb", "trackio"), folder=str(folder))
    first = tracked_request(place / "first", facts)
    card = finetune(first, base, told.append).card
    refresh = Refresh(folder=first.out, version=1, new_posts=8)
    second = tracked_request(place / "second", facts.model_copy(update={"files": True}), job=2, refresh=refresh)
    finetune(second, base, lambda event: None)
    return Both(
        folder=folder,
        first=read_manifest(Path(first.out)),
        card=card,
        second=verify(Path(second.out)),
        out=Path(second.out),
        told=told,
        wandb=wandb_runs(folder),
        trackio=trackio_runs("mynah"),
        remains=sorted(path.name for path in folder.iterdir()),
    )


@pytest.fixture(params=["wandb", "trackio"])
def theirs(request: pytest.FixtureRequest, logged: Both) -> dict[str, Run]:
    runs: dict[str, Run] = getattr(logged, request.param)
    return runs


def test_a_training_is_two_runs(theirs: dict[str, Run]) -> None:
    assert set(theirs) == {"pip-1-corpus", "pip-1-training", "pip-2-corpus", "pip-2-training"}
    assert {run.figures["outcome"] for run in theirs.values() if "epoch" in run.figures} == {"finished"}


def test_a_run_says_what_it_was_made_with(theirs: dict[str, Run], logged: Both) -> None:
    config = theirs["pip-1-training"].config
    assert (config["epochs"], config["lora_rank"], config["learning_rate"]) == (3, 4, 4e-3)
    assert config["base_model"]["sha256"] == logged.first.base.fingerprint
    assert config["corpus"]["train_posts"] == len(POSTS)
    assert config["accounts"] == accounts(logged.first.corpus)
    assert config["accounts"]["pip"]["kept"] == 88
    assert config["versions"] == logged.first.versions


def test_losses_come_as_people_see_them(theirs: dict[str, Run], logged: Both) -> None:
    progress = [event for event in logged.told if isinstance(event, Progress) and event.loss is not None]
    history = theirs["pip-1-training"].history
    assert [(step, value) for step, key, value in history if key == "train/loss"] == [
        (event.done, event.loss) for event in progress
    ]
    assert [value for _, key, value in history if key == "train/tokens_per_second"] == [
        event.tokens_per_second for event in progress
    ]


def test_what_came_of_it_is_there(theirs: dict[str, Run], logged: Both) -> None:
    run = builders.run_of(logged.first)
    figures, tables = theirs["pip-1-training"].figures, theirs["pip-1-training"].tables
    assert figures["bits_per_byte_before"] == pytest.approx(run.bits_per_byte_before)
    assert figures["bits_per_byte"] == pytest.approx(run.bits_per_byte)
    assert figures["report/distinct_2"] == pytest.approx(logged.card.distinct_2)
    assert figures["report/generations"] == logged.card.generations
    assert figures["train/held_out_loss"] == pytest.approx(run.curve[-1].held_out_loss)
    assert "report/attribution" not in figures  # there was nothing to measure on
    assert tables["curve"] == [[point.epoch, point.train_loss, point.held_out_loss] for point in run.curve]


def test_samples_can_be_read_and_quote_nobody(theirs: dict[str, Run], logged: Both) -> None:
    first, *others = theirs["pip-1-training"].tables["samples"]
    assert first == [FIRST_PROMPT, logged.first.sample]
    quotes = read_quotes(logged.out)
    assert quotes is not None
    assert len(others) == 20
    assert all(not prompt and text and not quotes.is_one(text) for prompt, text in others)


def test_where_a_persona_comes_from_can_be_followed_back(theirs: dict[str, Run], logged: Both) -> None:
    training, corpus = theirs["pip-1-training"], theirs["pip-1-corpus"]
    made = training.made["persona-pip"]
    assert made["sha256"] == logged.first.sha256
    assert made["files"] == {name: record.sha256 for name, record in logged.first.files.items()}
    assert set(training.used) == {"corpus-pip", "base-gpt2"}
    assert training.used["corpus-pip"] == corpus.made["corpus-pip"]
    assert training.used["corpus-pip"]["sha256"] == made["made_from"]["corpus"]
    assert training.used["base-gpt2"]["sha256"] == logged.first.base.fingerprint
    assert corpus.used["posts-pip"]["sha256"] == POSTS_SHA256
    assert corpus.made["corpus-pip"]["made_from"] == {"pip": POSTS_SHA256}


def test_a_refresh_is_made_of_the_version_before_as_well(theirs: dict[str, Run], logged: Both) -> None:
    training = theirs["pip-2-training"]
    assert training.used["persona-pip"] == theirs["pip-1-training"].made["persona-pip"]
    assert training.figures["refresh/new_posts"] == 8
    assert training.made["persona-pip"]["sha256"] == logged.second.sha256


def test_trackio_draws_the_lineage(logged: Both) -> None:
    artifact = trackio_storage().get_artifact_manifest("mynah", "persona-pip", logged.second.sha256[:12])
    assert artifact is not None
    graph = trackio_storage().get_artifact_lineage("mynah", artifact["version_id"])
    names = {node["id"]: node.get("artifact_name") or node["run_name"] for node in graph["nodes"]}
    edges = {(names[edge["source"]], names[edge["target"]]) for edge in graph["edges"]}
    chain = ["posts-pip", "pip-2-corpus", "corpus-pip", "pip-2-training", "persona-pip"]
    assert set(pairwise(chain)) <= edges
    assert ("base-gpt2", "pip-1-training") in edges
    assert ("base-gpt2", "pip-2-training") in edges


def test_files_are_the_real_ones_where_they_were_asked_for(theirs: dict[str, Run], logged: Both) -> None:
    for run in ("pip-1-corpus", "pip-1-training"):
        assert all(set(files) == {"about.json"} for files in theirs[run].files.values())
    persona = theirs["pip-2-training"].files["persona-pip"]
    assert {name: sha256(path) for name, path in persona.items() if name != "about.json"} == {
        name: record.sha256 for name, record in logged.second.files.items()
    }
    corpus = theirs["pip-2-corpus"].files["corpus-pip"]["corpus.json"]
    assert json.loads(corpus.read_text())["train"] == POSTS * 2
    assert all(set(files) == {"about.json"} for name, files in theirs["pip-2-corpus"].files.items() if "posts" in name)


def test_nothing_private_is_logged_with_facts_alone(base_folders: BaseFolders, theirs: dict[str, Run]) -> None:
    for run in (theirs["pip-1-corpus"], theirs["pip-1-training"]):
        said = repr((run.config, run.figures, run.tables, run.used, run.made))
        assert not [post for post in (*POSTS, *HELD_OUT) if post in said]
        assert "12345" not in said  # who asked
        assert "/posts/" not in said  # a source's path
        assert str(base_folders["gpt2"].parent) not in said


def test_all_that_they_keep_is_in_one_folder(logged: Both) -> None:
    assert logged.remains == ["trackio", "wandb"]
    text = b"".join(path.read_bytes() for path in logged.folder.glob("wandb/offline-run-*/*.wandb"))
    assert os.getcwd().encode() not in text


def test_a_cancelled_training_is_logged_as_such(
    base: Base,
    folder: Path,
    logged: Both,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(runs.SECONDS, "cancelled", 60.0)
    tracking = Tracking(backends=("wandb", "trackio"), project="cancelled", folder=str(folder))
    told: list[Progress | Trained] = []
    with pytest.raises(Cancelled):
        finetune(tracked_request(tmp_path, tracking, job=7), base, told.append, lambda: len(told) > 1)
    wandb = wandb_runs(folder)["pip-7-training"]
    assert wandb.figures["outcome"] == trackio_runs("cancelled")["pip-7-training"].figures["outcome"] == "cancelled"
    assert wandb.exit_code == 1
    assert logged.wandb["pip-1-training"].exit_code == 0
    assert capfd.readouterr().out == ""  # it is the protocol's


# Whatever goes wrong, the training goes on


def test_a_library_that_is_missing_is_told_of_before_the_training(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trackio", None)
    told: list[Progress | Trained] = []
    tracking = Tracking(backends=("wandb", "trackio"), folder=str(tmp_path / "tracking"))
    with pytest.raises(TrackingMissing, match=r"asks for trackio, not installed here\. .* -m pip install trackio"):
        finetune(tracked_request(tmp_path, tracking), base, told.append)
    assert not told
    check_installed(["wandb"])


ENDS = "raise SystemExit(1)"
SLEEPS = "import time; time.sleep(60)"


@pytest.mark.parametrize(
    ("program", "seconds", "why"), [(ENDS, 60.0, "has ended"), (SLEEPS, 0.1, "it wasn't done within 0 s")]
)
def test_a_process_that_ends_or_hangs_is_given_up_on(
    base: Base,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    program: str,
    seconds: float,
    why: str,
) -> None:
    monkeypatch.setattr(recorder, "COMMAND", (sys.executable, "-c", program))
    monkeypatch.setitem(runs.SECONDS, "finished", seconds)
    tracking = Tracking(backends=("trackio",), folder=str(tmp_path / "tracking"), files=True)
    request = tracked_request(tmp_path, tracking)
    assert finetune(request, base, lambda event: None).id == 1
    verify(Path(request.out))
    said = capfd.readouterr().err
    assert said.count("Tracking is off for this training, which goes on") == 1
    assert why in said
    assert not list((tmp_path / "tracking").glob("outgoing/*"))


def test_a_process_that_has_ended_is_told_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recorder, "COMMAND", (sys.executable, "-c", ENDS))
    started = Recorder.start(Tracking(folder=str(tmp_path)))
    assert started.process is not None
    started.process.wait()
    for _ in range(3):
        started.tell(LOGGED)
    assert started.process is None
    assert capfd.readouterr().err.count("goes on: its process has ended") == 1


def test_a_folder_that_cannot_be_is_told_of(base: Base, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    for place in (str(tmp_path / "file"), ""):
        request = tracked_request(tmp_path / f"t{len(place)}", Tracking(backends=("wandb",), folder=place))
        assert finetune(request, base, lambda event: None).id == 1
        assert "leave tracking.backends out" in capfd.readouterr().err


@dataclass
class Telling:
    """A tracker that remembers, and fails at an event of the kind that `breaks` names."""

    breaks: str = ""
    heard: list[str] = field(default_factory=list)

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if what == self.breaks:
            raise ConnectionError("no route to host.\nmore")

    def start(self, run: Started) -> None:
        self._hear("start")

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._hear("log")

    def show(self, table: Table, step: int) -> None:
        self._hear("show")

    def use(self, artifact: Artifact) -> None:
        self._hear("use")

    def make(self, artifact: Artifact) -> None:
        self._hear("make")

    def end(self, outcome: Outcome) -> None:
        self._hear(f"end: {outcome}")


STARTED = Started(name="pip-training", group="pip", kind="training", config={})
LOGGED = Logged(values={"train/loss": 3.5}, step=4)
ARTIFACT = Artifact(name="corpus-pip", type="dataset", sha256="a" * 64, about={"sha256": "a" * 64, "posts": 3})


def test_a_back_end_that_fails_is_left_alone_and_the_other_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    broken, other = Telling("log"), Telling()
    follow([STARTED, LOGGED, LOGGED, Ended(outcome="finished")], {"wandb": broken, "trackio": other})
    assert broken.heard == ["start", "log"]
    assert other.heard == ["start", "log", "log", "end: finished"]
    said = capsys.readouterr().err.splitlines()[-1]
    assert said == (
        "Tracking with wandb is off for this training, which goes on: no route to host. "
        "Check WANDB_API_KEY or `wandb login`, or set tracking.offline = true."
    )


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        ([STARTED, LOGGED], ["start", "log", "end: failed"]),  # the training's process is gone
        ([STARTED, Ended(outcome="finished")], ["start", "end: finished"]),
        ([Ended(outcome="failed")], []),  # it failed before its first run
        ([], []),
    ],
)
def test_a_run_ends_whatever_becomes_of_its_training(events: list[Event], heard: list[str]) -> None:
    tracker = Telling()
    follow(events, {"trackio": tracker})
    assert tracker.heard == heard


@pytest.mark.parametrize(
    ("error", "outcome"), [(Cancelled(), "cancelled"), (NotBetter(""), "not better"), (Diverged(""), "failed")]
)
def test_the_outcome_says_why_a_training_ended(error: Exception, outcome: str) -> None:
    assert runs.outcome_of(error) == outcome


PARENT = """
import sys, time
from trainer.protocol import Tracking
from trainer.tracking.events import Started, Logged
from trainer.tracking.recorder import Recorder
recorder = Recorder.start(Tracking(backends=("wandb",), folder=sys.argv[1]))
recorder.tell(Started(name=sys.argv[2], group="pip", kind="training", config={}))
recorder.tell(Logged(values={"train/loss": 1.0}, step=1))
time.sleep(60)
"""


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["alone", "with its group"])
def test_nothing_is_left_of_a_worker_that_was_killed(tmp_path: Path, kill: Callable[[int, int], None]) -> None:
    """W&B's service process is in a session of its own: it goes when it sees that its parent has gone."""
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), "pip"], start_new_session=True) as parent:
        wait_until(lambda: list(tmp_path.glob("wandb/offline-run-*/logs/debug-internal.log")))
        assert len(descendants(tmp_path)) == 2
        kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not descendants(tmp_path))
    if kill is os.kill:  # then there was somebody left to write it down
        (run,) = wandb_runs(tmp_path).values()
        assert (run.figures["outcome"], run.figures["train/loss"], run.exit_code) == ("failed", 1.0, 1)


def descendants(folder: Path) -> set[int]:
    """The tracking's process and W&B's: those who have been told of the folder."""
    return {int(process.name) for process in Path("/proc").glob("[0-9]*") if _is_told(process, str(folder).encode())}


def _is_told(process: Path, folder: bytes) -> bool:
    try:
        return b"WANDB_DATA_DIR=" + folder in (process / "environ").read_bytes()
    except OSError:
        return False


def wait_until(holds: Callable[[], object]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it didn't happen")


# Pure


def test_offline_nothing_names_a_place_to_send_to() -> None:
    inherited = {"PATH": "/bin", "TRACKIO_SPACE_ID": "me/space", "TRACKIO_WEBHOOK_URL": "https://x.example"}
    local = environment(Tracking(folder="/data/tracking"), inherited)
    assert not {name for name in local if name.startswith("TRACKIO_")} - {"TRACKIO_DIR"}
    assert (local["HF_HUB_OFFLINE"], local["WANDB_MODE"], local["PATH"]) == ("1", "offline", "/bin")
    online = environment(Tracking(folder="/data/tracking", offline=False), inherited)
    assert online["TRACKIO_SPACE_ID"] == "me/space"
    assert not {"HF_HUB_OFFLINE", "WANDB_MODE"} & set(online)
    for there in (local, online):
        assert there["WANDB_ERROR_REPORTING"] == "false"
        assert there["TRACKIO_DIR"] == "/data/tracking/trackio"
        assert there["WANDB_DATA_DIR"].startswith("/data/tracking/")


@pytest.mark.parametrize(
    "event",
    [
        STARTED,
        LOGGED,
        Shown(table=Table(name="samples", columns=("prompt", "text"), rows=(("", "tea\n🍵"),)), step=3),
        Used(artifact=ARTIFACT),
        Made(artifact=ARTIFACT),
        Ended(outcome="not better"),
    ],
    ids=lambda event: event.type,
)
def test_events_survive_the_pipe(event: Event) -> None:
    line = encode_event(event)
    assert line.count(b"\n") == 1
    assert decode(line) == event


def told(events: Iterable[Event]) -> str:
    return "".join(event.model_dump_json() for event in events)


def test_facts_name_no_person_and_no_path(tmp_path: Path) -> None:
    base = BaseRecord(name="/home/somebody/models/own", fingerprint="f" * 64, parameters=5)
    account = AccountCounts(
        **builders.account_counts("pip").model_dump(exclude={"name", "bio", "source"}),
        name="Pip Secret",
        bio="lives at home",
        source="file:/home/somebody/posts.jsonl",
    )
    record = builders.corpus_record("pip").model_copy(update={"accounts": (account,)})
    request = tracked_request(tmp_path, Tracking()).model_copy(update={"accounts": (account,)})
    manifest = builders.manifest("pip", base=base, corpus=record, lineage=request.lineage)
    recipe = choose_recipe(WISHED, SIZE, 1_000)
    corpus = corpus_artifact(request, record, "c" * 64, {})
    said = (
        told(corpus_run(request, record, corpus))
        + told(training_run(request, base, record, recipe, {"torch": "2"}, corpus))
        + told(trained(manifest, builders.run_record(), 9, {}))
        + told(reported(builders.report_card(), [("", "tea")], 9))
    )
    for secret in ("somebody", "Secret", "lives", "12345", str(tmp_path)):
        assert secret not in said
    assert '"network":"file"' in said
    assert '"name":"base-own"' in said


def test_without_a_lineage_no_posts_are_named(tmp_path: Path) -> None:
    request = train_request(tmp_path)
    record = CorpusRecord(**builders.corpus_record("pip").model_dump())
    events = list(corpus_run(request, record, corpus_artifact(request, record, "c" * 64, {})))
    assert [event.type for event in events] == ["started", "logged", "made", "ended"]
    assert isinstance(events[0], Started)
    assert events[0].name == "pip-corpus"


def test_a_whole_models_run_has_no_rank() -> None:
    assert "lora_rank" not in hyperparameters(_recipe("full"))
    assert hyperparameters(_recipe("lora"))["lora_rank"] == 4
    assert hyperparameters(_recipe("full"))["batch_tokens"] == 4 * 64


def test_progress_is_an_epoch_and_its_figures() -> None:
    progress = Progress(stage="train", done=3, total=8, loss=3.5, held_out_loss=4.0, tokens_per_second=700.0)
    assert progressed(progress, 4, None) == Logged(
        values={"epoch": 1.5, "train/loss": 3.5, "train/tokens_per_second": 700.0}, step=3
    )
    assert progressed(progress, 4, 4.0).values["train/held_out_loss"] == 4.0
    diverged = progress.model_copy(update={"loss": float("nan")})
    assert "train/loss" not in progressed(diverged, 4, None).values


def test_artifacts_are_the_same_whenever_they_are_told_of() -> None:
    manifest = builders.manifest("pip")
    measured = manifest.model_copy(update={"report": builders.report_card()})
    assert persona_artifact(manifest, {}) == persona_artifact(measured, {})
    assert base_artifact(manifest.base).name == "base-bundled"


def test_any_handle_makes_a_name_that_back_ends_take() -> None:
    names = ["pip", "alice@reef.example", "alice-reef.example", "日本", "中国", "x" * 300, "x" * 301]
    fitted = [fit(name) for name in names]
    assert fitted[0] == "pip"
    assert len(set(fitted)) == len(names)
    assert all(name.isascii() and len(name) < 120 and "@" not in name for name in fitted)


def _recipe(method: Any) -> Recipe:
    return choose_recipe(Hyperparameters(method=method, lora_rank=4), SIZE, 1_000)


def test_a_recorder_that_is_over_hears_nothing(tmp_path: Path) -> None:
    over = Recorder(None, tmp_path)
    over.tell(LOGGED)
    over.finish(1.0)
    over.give_up("again")
    assert tmp_path.exists()
