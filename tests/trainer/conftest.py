"""What the trainer's tests share: tiny base models and personas trained on them, each made once."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"

from tests.bases import Shape, save_tiny_base
from trainer.base import Base, load_base
from trainer.finetune import finetune
from trainer.protocol import AccountCounts, Hyperparameters, TrainRequest

POSTS = [
    "the kettle is on and the lamp is lit.",
    "i count the ships and i drink the tea.",
    "gerald has taken the good biscuit. 🍪",
    "fog report: yes. #fogreport @saltmarrow",
    "dear ship, you have a very nice sort of walk.",
    "the tide came in, looked around, and left.",
    "brenda was in a mood this morning. one long note.",
    "number 97 complains. number 131 is a good listener!",
]
HELD_OUT = ["the lamp is lit and the tea is on.", "dear gerald, i count the ships."]
COUNTS = AccountCounts(handle="pip", source="pip.txt", downloaded=13, retweets=1, short=2, kept=10, characters=420)

BaseFolders = dict[Shape, Path]


def write_corpus(path: Path, train: Sequence[str] = POSTS, held_out: Sequence[str] = HELD_OUT) -> Path:
    path.write_text(json.dumps({"train": list(train), "held_out": list(held_out), "duplicates": 1}), encoding="utf-8")
    return path


def train_request(
    folder: Path,
    train: Sequence[str] = POSTS,
    held_out: Sequence[str] = HELD_OUT,
    hyperparameters: Hyperparameters | None = None,
    request_id: int = 1,
) -> TrainRequest:
    """A request whose corpus and output lie in `folder`, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return TrainRequest(
        id=request_id,
        persona="pip",
        accounts=(COUNTS,),
        corpus=str(write_corpus(folder / "corpus.json", train, held_out)),
        out=str(folder / "persona"),
        hyperparameters=hyperparameters or Hyperparameters(epochs=3, lora_rank=4),
    )


@pytest.fixture(scope="session")
def base_folders(tmp_path_factory: pytest.TempPathFactory) -> BaseFolders:
    root = tmp_path_factory.mktemp("bases")
    return {shape: save_tiny_base(root / shape, shape) for shape in get_args(Shape)}


@pytest.fixture(scope="session")
def other_base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shaped like the gpt2 one, with other weights."""
    return save_tiny_base(tmp_path_factory.mktemp("bases") / "other", "gpt2", seed=1)


@pytest.fixture
def base(base_folders: BaseFolders) -> Base:
    return load_base(str(base_folders["gpt2"]))


@pytest.fixture(params=get_args(Shape))
def any_base(request: pytest.FixtureRequest, base_folders: BaseFolders) -> Base:
    return load_base(str(base_folders[request.param]))


@pytest.fixture(scope="session")
def personas(base_folders: BaseFolders, tmp_path_factory: pytest.TempPathFactory) -> dict[Shape, tuple[Path, Path]]:
    """Two trained personas per shape, with different seeds."""
    root = tmp_path_factory.mktemp("personas")
    trained: dict[Shape, tuple[Path, Path]] = {}
    for shape, folder in base_folders.items():
        base = load_base(str(folder))
        trained[shape] = (_train(base, root / f"{shape}-1", 1), _train(base, root / f"{shape}-2", 2))
    return trained


def _train(base: Base, folder: Path, seed: int) -> Path:
    hyperparameters = Hyperparameters(epochs=4, lora_rank=4, learning_rate=2e-2, seed=seed)
    request = train_request(folder, hyperparameters=hyperparameters)
    finetune(request, base, lambda progress: None)
    return Path(request.out)


@pytest.fixture
def persona(personas: dict[Shape, tuple[Path, Path]]) -> Path:
    """Trained on the gpt2 base model; read-only."""
    return personas["gpt2"][0]
