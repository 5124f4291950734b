"""Adapters in PEFT's format, applied to one shared base model at run time.

A persona's folder holds `adapter_model.safetensors` and `adapter_config.json` as PEFT writes them: LoRA matrices for
linear layers (https://arxiv.org/abs/2106.09685) and replaced rows of the token embedding (PEFT's
`trainable_token_indices`). Training uses PEFT; serving needs none of it: hooks on the base model's layers add whatever
adapter is active, so that a persona is loaded by reading a file and dropped by forgetting it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

_PREFIX = "base_model.model."


class AdapterMismatch(Exception):
    """The adapter's layers are not the base model's."""


@dataclass(frozen=True)
class Adapter:
    """One persona's tensors, in the precision of its file: layer name → (A: rank × in, B: out × rank); token rows.

    A layer's output has `scale` × B A x more than the base model's.
    """

    matrices: dict[str, tuple[torch.Tensor, torch.Tensor]]
    scale: float
    token_ids: torch.Tensor  # (rows,) int64, sorted
    token_rows: torch.Tensor  # (rows, width)

    @property
    def n_bytes(self) -> int:
        tensors = [t for pair in self.matrices.values() for t in pair] + [self.token_ids, self.token_rows]
        return sum(t.numel() * t.element_size() for t in tensors)


def read_adapter(folder: Path, model: PreTrainedModel) -> Adapter:
    """Read an adapter onto the model's device. Raises AdapterMismatch."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapter_model.safetensors")
    layers = dict(model.named_modules())
    like = embedding_weight(model)
    scale = config["lora_alpha"] / config["r"]
    matrices: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
    for key, a in tensors.items():
        if not key.endswith(".lora_A.weight"):
            continue
        name = key.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
        if name not in layers:
            raise AdapterMismatch(f"it adapts a layer {name}, which the base model hasn't got")
        b = tensors.get(key.replace(".lora_A.", ".lora_B."))
        if b is None or b.shape[1] != a.shape[0] or (b.shape[0], a.shape[1]) != _out_in(layers[name]):
            raise AdapterMismatch(f"its matrices for the layer {name} don't fit it")
        matrices[name] = (a.to(like.device), b.to(like.device))
    ids, rows = _token_rows(config, tensors, like.shape[1])
    if rows.shape != (ids.numel(), like.shape[1]) or (ids >= like.shape[0]).any():
        raise AdapterMismatch("its token rows don't fit the base model's embedding")
    return Adapter(matrices, scale, ids.to(like.device), rows.to(like.device))


def embedding_weight(model: PreTrainedModel) -> torch.Tensor:
    """(vocabulary, width)"""
    weight = model.get_input_embeddings().weight
    assert isinstance(weight, torch.Tensor)
    return weight


def _out_in(layer: nn.Module) -> tuple[int, ...]:
    shape = tuple(layer.get_parameter("weight").shape)
    return shape[::-1] if isinstance(layer, Conv1D) else shape


def _token_rows(
    config: dict[str, Any], tensors: dict[str, torch.Tensor], width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    delta = next((t for key, t in tensors.items() if key.endswith("trainable_tokens_delta")), None)
    if delta is None:
        return torch.empty(0, dtype=torch.int64), torch.empty(0, width)
    (indices,) = config["trainable_token_indices"].values()
    return torch.tensor(indices, dtype=torch.int64), delta


@dataclass
class AdapterSwitch:
    """Hooks on one base model; `active` is the adapter that forward passes use (None: the base model as it is).

    Adapters wait in their files' precision, half of the memory; only the active one's tensors are in the model's too.
    """

    model: PreTrainedModel
    active: Adapter | None = None
    _slots: torch.Tensor = field(init=False)  # token id → row of the active adapter, or -1
    _rows: torch.Tensor = field(init=False)  # of the active adapter
    _matrices: dict[str, tuple[torch.Tensor, torch.Tensor]] = field(default_factory=dict)  # likewise; B is scaled

    def __post_init__(self) -> None:
        embedding = self.model.get_input_embeddings()
        head = self.model.get_output_embeddings()
        weight = embedding_weight(self.model)
        tied = head is not None and head.weight is weight
        self._slots = torch.full((weight.shape[0],), -1, device=weight.device)
        self._rows = weight[:0]
        for name, layer in self.model.named_modules():
            if layer is embedding:
                layer.register_forward_hook(self._replace_inputs)
            elif layer is head:
                if tied:
                    layer.register_forward_hook(self._replace_logits)
            elif getattr(layer, "weight", None) is not None and layer.weight.ndim == 2:
                layer.register_forward_hook(self._add_low_rank(name))

    def activate(self, adapter: Adapter | None) -> None:
        if adapter is self.active:
            return
        self.active = adapter
        self._slots.fill_(-1)
        self._matrices, self._rows = {}, self._rows[:0]
        if adapter is None:
            return
        dtype = embedding_weight(self.model).dtype
        self._matrices = {name: (a.to(dtype), b.to(dtype) * adapter.scale) for name, (a, b) in adapter.matrices.items()}
        self._rows = adapter.token_rows.to(dtype)
        self._slots[adapter.token_ids] = torch.arange(adapter.token_ids.numel(), device=self._slots.device)

    def _add_low_rank(self, name: str) -> Any:
        def hook(layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor | None:
            pair = self._matrices.get(name)
            return None if pair is None else output + (inputs[0] @ pair[0].T) @ pair[1].T

        return hook

    def _replace_inputs(
        self, layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> torch.Tensor | None:
        if not len(self._rows):
            return None
        if len(self._rows) == len(self._slots):
            return self._rows[inputs[0]]
        slots = self._slots[inputs[0]]
        return torch.where((slots >= 0)[..., None], self._rows[slots.clamp(min=0)], output)

    def _replace_logits(
        self, layer: nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor
    ) -> torch.Tensor | None:
        if self.active is None or not len(self._rows):
            return None
        own = inputs[0] @ self._rows.T
        return own if len(self._rows) == len(self._slots) else output.index_copy(-1, self.active.token_ids, own)
