"""Files of weights that somebody has published → tensors that can be stored.

Older models have nothing but pickles. PyTorch reads them for weights only, which makes tensors and runs nothing
(https://docs.pytorch.org/docs/stable/generated/torch.load.html).
"""

from __future__ import annotations

import pickle
import re
import zipfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from trainer.foreign import ASK, Refused, read_object

WEIGHTS = (
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
)
_CODE = re.compile(r"GLOBAL (\S+)")


def weight_files(folder: Path) -> list[Path]:
    """Of a whole model, safetensors before pickles; none if it isn't one. Raises Refused or OSError."""
    if not (folder / "config.json").is_file():
        return []
    for name in WEIGHTS:
        path = folder / name
        if path.is_file():
            return _shards(path) if name.endswith(".index.json") else [path]
    return []


def _shards(index: Path) -> list[Path]:
    names = read_object(index).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise Refused(f"Its {index.name} names no files. {ASK}")
    paths = [index.with_name(Path(name).name) for name in sorted(set(names.values()))]
    missing = next((path.name for path in paths if not path.is_file()), None)
    if missing:
        raise Refused(f"Its file {missing} is missing, which {index.name} names. Pull it again. {ASK}")
    return paths


def read_file(path: Path) -> dict[str, torch.Tensor]:
    """Tensors by name, from safetensors or from a pickle of nothing else. Raises Refused."""
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        # Files of PyTorch before 1.6 are no zip files, and can't be mapped.
        found = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # whatever the libraries make of it
        code = _CODE.search(str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if code is None:
            raise Refused(f"Its file {path.name} is damaged, or no file of weights. Pull it again. {ASK}") from error
        raise Refused(
            f"Its file {path.name} asks for code to be run ({code[1][:80]}), which weights never need. It was not "
            "loaded. Keep away from this model, or ask who has published it for model.safetensors."
        ) from error
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise Refused(f"Its file {path.name} has no table of weights in it. {ASK}")
    return found


def stored(tensor: object, name: str, shape: tuple[int, ...] | None = None) -> torch.Tensor:
    """A copy in bf16, with memory of its own. Raises Refused unless it is finite numbers of this shape."""
    if not isinstance(tensor, torch.Tensor) or not _is_plain(tensor):
        raise Refused(f"Its weights {name} are no plain numbers. {ASK}")
    if shape is not None and tuple(tensor.shape) != shape:
        raise Refused(f"Its weights {name} are {tuple(tensor.shape)}, and its config.json says {shape}. {ASK}")
    half = tensor.detach().to("cpu", torch.bfloat16, copy=True).contiguous()
    if not half.isfinite().all():
        raise Refused(f"Its weights {name} have numbers that are infinite or none at all. {ASK}")
    return half


def _is_plain(tensor: torch.Tensor) -> bool:
    """Numbers that are all there: a few of them can be made to look like any amount."""
    if tensor.layout != torch.strided or tensor.is_meta or not tensor.is_floating_point():
        return False
    return tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()
