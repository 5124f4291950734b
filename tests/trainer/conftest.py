"""Fixtures of the trainer's tests: tiny base models and personas trained on them, each made once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest
import torch

os.environ["HF_HUB_OFFLINE"] = "1"  # read when transformers is imported

from tests.bases import Shape, save_tiny_base
from trainer.base import Base, load_base
from trainer.finetune import finetune
from trainer.protocol import Hyperparameters
from trainer.speaker import Speaker, load_speaker

from .helpers import BaseFolders, Personas, train_request

torch.set_num_threads(1)  # on models this small a second thread costs more than it gives


@pytest.fixture(scope="session")
def base_folders(tmp_path_factory: pytest.TempPathFactory) -> BaseFolders:
    """Read-only."""
    root = tmp_path_factory.mktemp("bases")
    return {shape: save_tiny_base(root / shape, shape) for shape in get_args(Shape)}


@pytest.fixture(scope="session")
def other_base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shaped like the gpt2 one, with other weights; read-only."""
    return save_tiny_base(tmp_path_factory.mktemp("bases") / "other", "gpt2", seed=1)


@pytest.fixture
def base(base_folders: BaseFolders) -> Base:
    return load_base(str(base_folders["gpt2"]))


@pytest.fixture(scope="session")
def speaker(base_folders: BaseFolders) -> Speaker:
    """Of the gpt2 one; read-only."""
    return load_speaker(str(base_folders["gpt2"]))


@pytest.fixture(params=get_args(Shape))
def any_base(request: pytest.FixtureRequest, base_folders: BaseFolders) -> Base:
    return load_base(str(base_folders[request.param]))


@pytest.fixture(scope="session")
def personas(base_folders: BaseFolders, tmp_path_factory: pytest.TempPathFactory) -> Personas:
    """Two per shape, trained with different seeds; read-only."""
    root = tmp_path_factory.mktemp("personas")
    bases = {shape: load_base(str(folder)) for shape, folder in base_folders.items()}
    return {
        shape: (_train(base, root / f"{shape}-1", seed=1), _train(base, root / f"{shape}-2", seed=2))
        for shape, base in bases.items()
    }


def _train(base: Base, folder: Path, seed: int) -> Path:
    hyperparameters = Hyperparameters(epochs=4, lora_rank=4, learning_rate=4e-3, seed=seed)
    request = train_request(folder, hyperparameters=hyperparameters)
    finetune(request, base, lambda progress: None)
    return Path(request.out)


@pytest.fixture
def persona(personas: Personas) -> Path:
    """Trained on the gpt2 base model; read-only."""
    return personas["gpt2"][0]
