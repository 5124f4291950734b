"""Where a base model's files are, and whether they are whole. No transformers: it takes seconds to import."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import torch
from huggingface_hub import snapshot_download

from trainer.basenames import BUNDLED, is_path
from trainer.bundled import SHA256
from trainer.digest import sha256

BUNDLED_FOLDER = Path(__file__).parent / "bundled"
FIX = 'base_model = "bundled" uses the one that comes with Mynah and needs no network.'


class BaseModelError(Exception):
    """The base model can't be found or used. The message says what was looked for."""

    @classmethod
    def from_loading(cls, name: str, error: BaseException) -> BaseModelError:
        """Whatever transformers, tokenizers and safetensors make of somebody's files."""
        return cls(f"The base model {name!r} can't be loaded: {_first_line(error)} {_fix(name)}")


def locate(name: str) -> Path:
    """The folder of "bundled", of a path, or of a hub name, downloaded if need be. Raises BaseModelError."""
    folder = BUNDLED_FOLDER if name == BUNDLED else Path(os.path.expanduser(name))
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BaseModelError(f"The base model folder {folder} has no config.json. {FIX}")
        return folder
    if name == BUNDLED or is_path(name):
        raise BaseModelError(f"The base model folder {folder} does not exist. {_fix(name)}")
    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"]))
    except Exception as error:
        raise BaseModelError.from_loading(name, error) from error


def verify_bundled(folder: Path) -> None:
    """Raises ValueError unless the files that loading reads are the ones that `trainer.pretrain` wrote."""
    for name, expected in SHA256.items():
        if sha256(folder / name) != expected:
            raise ValueError(f"its file {folder / name} is damaged or was changed")


def fingerprint(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over the weights' names, shapes and values rounded to bf16, as they are in the folder."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.to(torch.bfloat16).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _fix(name: str) -> str:
    return "Install Mynah again." if name == BUNDLED else FIX


def _first_line(error: BaseException) -> str:
    """As a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(" .:") + "."
