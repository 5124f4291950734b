"""Runs read back from what W&B and trackio have written."""

from __future__ import annotations

import importlib
import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Run:
    """Of either library; `figures` are the last values, `history` each value with its step."""

    config: dict[str, Any] = field(default_factory=dict)
    figures: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[int, str, Any]] = field(default_factory=list)
    tables: dict[str, list[list[Any]]] = field(default_factory=dict)
    used: dict[str, dict[str, Any]] = field(default_factory=dict)  # about, by artifact's name
    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, dict[str, Path]] = field(default_factory=dict)  # of what it made
    exit_code: int | None = None


def wandb_records(file: Path) -> Iterator[Any]:
    """W&B's transaction log: LevelDB's log format after a header of 7 bytes."""
    messages: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
    data, at, record = file.read_bytes(), 7, b""
    while at < len(data):
        left = 32_768 - at % 32_768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        record += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield messages.Record.FromString(record)
            record = b""


def wandb_runs(folder: Path) -> dict[str, Run]:
    return dict(map(wandb_run, sorted(folder.glob("wandb/offline-run-*/*.wandb"))))


def wandb_run(file: Path) -> tuple[str, Run]:
    name, run = "", Run()
    for record in wandb_records(file):
        kind = record.WhichOneof("record_type")
        if kind == "run":
            assert not record.run.host
            name = record.run.display_name
            run.config = {item.key: json.loads(item.value_json) for item in record.run.config.update}
        elif kind == "history":
            _add_row(run, _nested(record.history.item), file.parent / "files")
        elif kind == "summary":
            run.figures |= {item.key: json.loads(item.value_json) for item in record.summary.update if item.key}
        elif kind == "artifact" and record.artifact.type != "run_table":
            _add_artifact(run, record.artifact)
        elif kind == "exit":
            run.exit_code = record.exit.exit_code
    return name, run


def _nested(items: Any) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for item in items:
        *outer, key = item.nested_key
        place = row
        for name in outer:
            place = place.setdefault(name, {})
        place[key] = json.loads(item.value_json)
    return row


def _add_row(run: Run, row: dict[str, Any], files: Path) -> None:
    step = row.pop("_step")
    for key, value in row.items():
        if isinstance(value, dict) and "path" in value:
            run.tables[key] = json.loads((files / value["path"]).read_text())["data"]
        elif not key.startswith("_"):
            run.figures[key] = value
            run.history.append((step, key, value))


def _add_artifact(run: Run, artifact: Any) -> None:
    files = {entry.path: Path(entry.local_path) for entry in artifact.manifest.contents}
    about = json.loads(files["about.json"].read_text())
    assert json.loads(artifact.metadata) == about
    assert set(artifact.aliases) == {"latest", about["sha256"][:12]}
    if artifact.use_after_commit:
        run.used[artifact.name] = about
    else:
        run.made[artifact.name], run.files[artifact.name] = about, files


def trackio_runs(project: str) -> dict[str, Run]:
    records = trackio_storage().get_run_records(project)
    return {record["name"]: trackio_run(project, record["name"], record["id"]) for record in records}


def trackio_storage() -> Any:
    """Imported when TRACKIO_DIR is set."""
    return importlib.import_module("trackio.sqlite_storage").SQLiteStorage


def trackio_run(project: str, name: str, run_id: str) -> Run:
    storage = trackio_storage()
    run = Run(storage.get_run_config(project, name, run_id=run_id))
    for row in storage.get_logs(project, name, run_id=run_id):
        del row["timestamp"]
        step = row.pop("step")
        for key, value in row.items():
            if isinstance(value, dict):
                run.tables[key] = [list(cells.values()) for cells in value["_value"]]
            else:
                run.figures[key] = value
                run.history.append((step, key, value))
    links = storage.get_run_artifacts(project, name, run_id)
    run.used = {link["name"]: _trackio_files(project, link)[0] for link in links["input"]}
    for link in links["output"]:
        run.made[link["name"]], run.files[link["name"]] = _trackio_files(project, link)
    return run


def _trackio_files(project: str, link: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Path]]:
    blob_path = importlib.import_module("trackio.cas").blob_path
    artifact = trackio_storage().get_artifact_manifest(project, link["name"], f"v{link['version']}")
    assert artifact is not None
    files = {entry["path"]: blob_path(project, entry["digest"]) for entry in artifact["manifest"]}
    about = json.loads(files["about.json"].read_text())
    assert artifact["metadata"] == about
    return about, files
