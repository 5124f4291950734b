from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch

from trainer import checkpoint as checkpoint_module
from trainer.checkpoint import Checkpoint


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint.pt"


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint_module, "WORTH", 0.0)


def state() -> dict[str, Any]:
    return {"step": 7, "weights": [torch.arange(3.0)]}


def test_what_was_saved_comes_back(path: Path) -> None:
    Checkpoint(path, "a run").save_if_due(state, math.inf)
    found = Checkpoint(path, "a run").load()
    assert found is not None
    assert found["step"] == 7
    assert torch.equal(found["weights"][0], torch.arange(3.0))
    assert [file.name for file in path.parent.iterdir()] == ["checkpoint.pt"]


def test_another_runs_is_passed_over(path: Path) -> None:
    Checkpoint(path, "a run").save_if_due(state, math.inf)
    assert Checkpoint(path, "another").load() is None


def test_there_may_be_none(path: Path) -> None:
    assert Checkpoint(path, "a run").load() is None


@pytest.mark.parametrize("length", [0, 1, 100, -1])
def test_half_a_file_counts_as_none(path: Path, length: int) -> None:
    Checkpoint(path, "a run").save_if_due(state, math.inf)
    path.write_bytes(path.read_bytes()[:length])
    assert Checkpoint(path, "a run").load() is None


def test_something_else_counts_as_none(path: Path) -> None:
    path.write_text("hello, world, this is not a checkpoint")
    assert Checkpoint(path, "a run").load() is None


def test_a_short_run_is_not_saved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint_module, "SECONDS", 30.0)
    checkpoint = Checkpoint(path, "a run")
    checkpoint.save_if_due(state, math.inf)  # it has only begun
    assert not path.exists()
    checkpoint._last -= 31
    checkpoint.save_if_due(state, 29)  # it is nearly over
    assert not path.exists()
    checkpoint.save_if_due(state, 31)
    assert path.exists()


def test_a_run_that_is_stopped_is_saved_if_that_is_worth_it(path: Path) -> None:
    checkpoint = Checkpoint(path, "a run")
    checkpoint.save_for_later(state)  # it has only begun
    assert not path.exists()
    checkpoint._last -= checkpoint_module.LOSS
    checkpoint._cost = checkpoint_module.HASTE + 1  # too slow for who waits
    checkpoint.save_for_later(state)
    assert not path.exists()
    checkpoint._cost = 0
    checkpoint.save_for_later(state)
    assert path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_what_cannot_be_written_ends_the_saving_only(path: Path) -> None:
    checkpoint = Checkpoint(path, "a run")
    checkpoint.save_if_due(state, math.inf)
    path.with_suffix(".tmp").symlink_to("/dev/full")
    checkpoint.save_if_due(state, math.inf)
    assert not path.with_suffix(".tmp").is_symlink()
    found = Checkpoint(path, "a run").load()
    assert found is not None  # the one before
    checkpoint.save_if_due(lambda: pytest.fail("again"), math.inf)
