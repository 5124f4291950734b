"""Looking at this machine and the base model: `python -m trainer.check`. Downloads nothing, loads no weights."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors import safe_open

from trainer.basefiles import BaseModelError, locate, verify_bundled
from trainer.basenames import BUNDLED, is_path
from trainer.compute import has_bf16
from trainer.findings import BaseFound, Compute, Findings
from trainer.hardware import cpu_name, usable_cores
from trainer.linear import best_precision
from trainer.shape import read_shape
from trainer.vocabulary import read_vocabulary
from trainer.weights import EMBEDDINGS

NVIDIA = Path("/proc/driver/nvidia/version")


def main() -> int:
    """Exit code 1 where the base model can't be used."""
    parser = argparse.ArgumentParser(prog="python -m trainer.check", description=__doc__)
    parser.add_argument("--base-model", default=BUNDLED, help='"bundled", a folder, or a hub name')
    parser.add_argument("--json", action="store_true", help="on one line, for programs")
    args = parser.parse_args()
    findings = Findings(compute=compute(), base=look(args.base_model))
    sys.stdout.write(findings.model_dump_json(indent=None if args.json else 2) + "\n")
    return int(bool(findings.base.problem))


def compute() -> Compute:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    on_gpu = device.type == "cuda"
    return Compute(
        torch=torch.__version__,
        device="cuda" if on_gpu else "cpu",
        name=torch.cuda.get_device_name() if on_gpu else cpu_name(),
        cores=usable_cores(),
        n_bytes=torch.cuda.get_device_properties(device).total_memory if on_gpu else 0,
        bf16=has_bf16(device),
        vnni=bool(torch.cpu._is_vnni_supported()),
        precision=best_precision(device),
        idle_gpu="" if on_gpu else _idle_gpu(),
    )


def _idle_gpu() -> str:
    if torch.backends.mps.is_available():
        return "This Mac's GPU isn't used: Mynah trains and speaks on its processor."
    if not NVIDIA.exists():
        return ""
    if torch.version.cuda is None:
        return "There is an NVIDIA GPU, but this torch is built for processors alone."
    return f"There is an NVIDIA GPU, but this torch (CUDA {torch.version.cuda}) can't use it with this driver."


def look(name: str) -> BaseFound:
    """Whether a base model's files are here, whole, and of a shape that can be served."""
    try:
        folder = _find(name)
    except BaseModelError as error:
        return BaseFound(name=name, problem=str(error))
    if folder is None:
        return BaseFound(name=name)
    try:
        if name == BUNDLED:
            verify_bundled(folder)
        read_shape(folder)
        files = weight_files(folder)
        sizes = {key: size for file in files for key, size in _tensors(file).items()}
        read_vocabulary(folder, next(rows for key, (rows, _) in sizes.items() if key.endswith(EMBEDDINGS)))
    except Exception as error:
        reason = ValueError("it has no weights for its tokens") if isinstance(error, StopIteration) else error
        return BaseFound(name=name, folder=str(folder), problem=str(BaseModelError.from_loading(name, reason)))
    return BaseFound(
        name=name,
        folder=str(folder),
        parameters=sum(number for _, number in sizes.values()),
        n_bytes=sum(file.stat().st_size for file in files),
    )


def _find(name: str) -> Path | None:
    """As `locate` does, but from the hub's cache alone; None: it isn't there, or not whole. Raises BaseModelError."""
    if name == BUNDLED or is_path(name) or Path(os.path.expanduser(name)).is_dir():
        return locate(name)
    try:
        folder = Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors"], local_files_only=True))
        whole = all(file.is_file() for file in (folder / "config.json", *weight_files(folder)))
        return folder if whole else None  # what is left of a download goes on
    except LocalEntryNotFoundError:
        return None
    except Exception as error:
        raise BaseModelError.from_loading(name, error) from error


def weight_files(folder: Path) -> list[Path]:
    """One, or those that an index names."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        return [folder / "model.safetensors"]
    return [folder / name for name in sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))]


def _tensors(file: Path) -> dict[str, tuple[int, int]]:
    """Rows and numbers of each, by name, from the file's head: which also says how long it has to be."""
    with safe_open(file, framework="pt") as tensors:
        shapes = {key: tensors.get_slice(key).get_shape() for key in tensors.keys()}  # noqa: SIM118 (no mapping)
    return {key: (shape[0] if shape else 1, math.prod(shape)) for key, shape in shapes.items()}


if __name__ == "__main__":
    sys.exit(main())
