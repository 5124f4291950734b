"""Somebody's adapter on the base model → a persona's adapter: plain LoRA, or it is refused."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from trainer.adopt_files import read_file, stored
from trainer.decoder import Decoder
from trainer.foreign import ASK, Refused, read_object
from trainer.layout import ADAPTER as FILE
from trainer.layout import ADAPTER_CONFIG as CONFIG
from trainer.lora import AdapterMismatch, read_adapter

PICKLE = "adapter_model.bin"
TOKENS = "trainable_token_indices"
MOST_RANK = 1_024
MOST_ALPHA = 1e6
KEPT = ("peft_type", "task_type", "base_model_name_or_path", "r", "lora_alpha", "target_modules", TOKENS)
# What PEFT may say of a plain LoRA adapter. What else it says has to be unset: it computes something else then.
PLAIN = {
    *KEPT,
    *("bias", "init_lora_weights", "lora_dropout", "fan_in_fan_out", "peft_version", "revision", "inference_mode"),
    *("exclude_modules", "layers_to_transform", "layers_pattern", "megatron_core", "qalora_group_size"),
}
# Others make LoRA's matrices of the base model's, and change those.
STARTS = (True, False, "gaussian", "orthogonal", "eva")


def has_adapter(folder: Path) -> bool:
    return (folder / CONFIG).is_file() and any((folder / name).is_file() for name in (FILE, PICKLE))


def base_of(folder: Path) -> str:
    """The base model that an adapter is for, "" if it doesn't say. Raises Refused or OSError."""
    name = read_object(folder / CONFIG).get("base_model_name_or_path")
    return name[:200] if isinstance(name, str) else ""


def copy_adapter(folder: Path, out: Path) -> None:
    """Of one that Mynah has made. Raises OSError."""
    for name in (CONFIG, FILE):
        shutil.copyfile(folder / name, out / name)


def convert_adapter(folder: Path, out: Path) -> None:
    """Write an adapter that PEFT has made as this project does: safetensors, in bf16. Raises Refused or OSError."""
    config = read_object(folder / CONFIG) | {"auto_mapping": None}
    _check_plain(config)
    kept = {key: config[key] for key in KEPT if key in config}
    (out / CONFIG).write_text(json.dumps(kept) + "\n", encoding="utf-8")
    found = read_file(folder / (FILE if (folder / FILE).is_file() else PICKLE))
    tensors = {name: stored(found.pop(name), name) for name in list(found)}
    save_file(tensors, out / FILE, metadata={"format": "pt"})


def check_adapter(folder: Path, base: Decoder) -> int:
    """The adapter's rank. Raises Refused unless it is plain LoRA on this base model, and all of it is, or OSError."""
    config = read_object(folder / CONFIG)
    _check_plain(config)
    tensors = read_file(folder / FILE)
    for name, tensor in tensors.items():
        stored(tensor, name)
    if any(name.endswith("trainable_tokens_delta") for name in tensors) != bool(config.get(TOKENS)):
        raise Refused(f"Its {CONFIG} doesn't go with its weights. {ASK}")
    try:
        vocabulary, width = base.embedding.weight.shape
        adapter = read_adapter(folder, base.layer_sizes, (vocabulary, width))
    except AdapterMismatch as error:
        raise Refused(f"It doesn't fit the base model: {error}. {ASK}") from error
    known = 2 * len(adapter.matrices) + (1 if len(adapter.token_ids) else 0)
    if not known or known != len(tensors) or any(len(a) != config["r"] for a, _ in adapter.matrices.values()):
        raise Refused(f"It has other weights than those of a plain LoRA adapter. {ASK}")
    return adapter.rank


def _check_plain(config: dict[str, Any]) -> None:
    """Raises Refused."""
    odd = next((key for key, value in config.items() if key not in PLAIN and value), None)
    if odd is None and config.get("peft_type") != "LORA":
        odd = "peft_type"
    if odd is None and config.get("bias", "none") != "none":
        odd = "bias"
    if odd is None and config.get("init_lora_weights", True) not in STARTS:
        odd = "init_lora_weights"
    if odd is not None:
        given = json.dumps(config.get(odd))[:80]
        raise Refused(f"It is no plain LoRA adapter ({odd[:80]} is {given}), and others can't be used here. {ASK}")
    if not _is_rank(config.get("r")) or not _is_scale(config.get("lora_alpha")) or not _are_tokens(config.get(TOKENS)):
        raise Refused(f"Its {CONFIG} has nonsense in it. {ASK}")


def _is_rank(r: Any) -> bool:
    return isinstance(r, int) and 1 <= r <= MOST_RANK


def _is_scale(alpha: Any) -> bool:
    return isinstance(alpha, (int, float)) and abs(alpha) <= MOST_ALPHA


def _are_tokens(indices: Any) -> bool:
    """Of one embedding, in order, each once."""
    if not indices:
        return True
    if not isinstance(indices, dict) or len(indices) != 1:
        return False
    (ids,) = indices.values()
    if not isinstance(ids, list) or not all(isinstance(i, int) and 0 <= i < 2**32 for i in ids):
        return False
    return all(one < after for one, after in pairwise(ids))
