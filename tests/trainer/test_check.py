from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

from tests.bases import save_tiny_base
from trainer.basefiles import BUNDLED_FOLDER
from trainer.check import compute, look
from trainer.findings import Findings


def test_the_process_answers_on_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "trainer.check", "--json", "--base-model"]
    done = subprocess.run([*command, "bundled"], capture_output=True, text=True, timeout=120, check=True)
    (line,) = done.stdout.splitlines()
    found = Findings.model_validate_json(line)
    assert found.compute == compute()
    assert (found.base.folder, found.base.problem) == (str(BUNDLED_FOLDER), "")
    assert found.base.parameters > 10**7
    missing = subprocess.run([*command, str(tmp_path / "no")], capture_output=True, text=True, timeout=120, check=False)
    assert (missing.returncode, "does not exist" in json.loads(missing.stdout)["base"]["problem"]) == (1, True)


def test_what_it_computes_with() -> None:
    found = compute()
    assert (found.torch, found.device == "cuda") == (torch.__version__, torch.cuda.is_available())
    assert found.cores >= 1
    assert found.name


def test_a_whole_folder(tmp_path: Path) -> None:
    found = look(str(save_tiny_base(tmp_path / "base")))
    assert (found.problem, found.folder) == ("", str(tmp_path / "base"))
    assert found.parameters > 10_000
    assert found.n_bytes == (tmp_path / "base" / "model.safetensors").stat().st_size


def cut(base: Path) -> None:
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_folder_that_lacks_a_file(tmp_path: Path, file: str) -> None:
    base = save_tiny_base(tmp_path / "base")
    (base / file).unlink()
    assert str(base) in look(str(base)).problem


def test_weights_that_are_cut_short_or_an_unknown_shape(tmp_path: Path) -> None:
    base = save_tiny_base(tmp_path / "base")
    cut(base)
    assert "can't be loaded" in look(str(base)).problem
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(config | {"model_type": "mamba"}))
    assert "mamba" in look(str(base)).problem


def test_a_changed_bundled_model_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in BUNDLED_FOLDER.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr("trainer.basefiles.BUNDLED_FOLDER", tmp_path)
    assert look("bundled").problem == ""
    (tmp_path / "config.json").write_text("{}")
    assert "damaged or was changed" in look("bundled").problem


def cached(cache: Path, base: Path, *files: str) -> None:
    """As the hub's library keeps a model of which these files have come so far."""
    place, commit = cache / "models--somebody--model", "0" * 40
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots" / commit).mkdir(parents=True)
    for file in files:
        shutil.copy(base / file, place / "snapshots" / commit / file)


@pytest.mark.parametrize("has", [("config.json", "tokenizer.json"), ("config.json",)])
def test_a_download_that_was_cut_off_is_no_model_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: tuple[str, ...]
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    cached(tmp_path / "hub", save_tiny_base(tmp_path / "base"), *has)
    found = look("somebody/model")
    assert (found.folder, found.problem, found.parameters) == (None, "", 0)


def test_a_model_from_a_hub_that_is_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    base = save_tiny_base(tmp_path / "base")
    cached(tmp_path / "hub", base, *(file.name for file in base.iterdir()))
    found = look("somebody/model")
    assert (found.problem, found.parameters > 10_000) == ("", True)


def test_a_hubs_model_that_is_not_here_is_not_downloaded() -> None:
    found = look("somebody/never-downloaded-this")
    assert (found.folder, found.problem) == (None, "")
