"""A model's weights from its folder: safetensors, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file

EMBEDDINGS = ("wte.weight", "embed_tokens.weight")  # of GPT-2's shape and Llama's


def read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    """All weights by name, from one file or from those that an index names. Raises OSError."""
    index = folder / "model.safetensors.index.json"
    names = {"model.safetensors"}
    if index.exists():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return {key: tensor for name in sorted(names) for key, tensor in load_file(folder / name).items()}


def n_tokens(tensors: Mapping[str, torch.Tensor]) -> int:
    """Rows of the embedding. Raises ValueError where there is none."""
    for name, tensor in tensors.items():
        if name.endswith(EMBEDDINGS):
            return len(tensor)
    raise ValueError("it has no weights for its tokens")
