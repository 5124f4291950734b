"""Adapters in PEFT's format, and many of them at once.

A persona's folder holds `adapter_model.safetensors` and `adapter_config.json` as PEFT writes them: LoRA matrices for
linear layers (https://arxiv.org/abs/2106.09685) and replaced rows of the token embedding (PEFT's
`trainable_token_indices`). Training uses PEFT; serving needs none of it. A resident adapter's matrices are one vector
(`Layout`); a row that starts to speak gets a copy of it in the batch's `Stack`, where all rows are multiplied at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from trainer.linear import Linear
from trainer.memory import zeros

_PREFIX = "base_model.model."
Pair = tuple[torch.Tensor, torch.Tensor]


class AdapterMismatch(Exception):
    """The adapter's layers are not the base model's."""


@dataclass(frozen=True)
class Adapter:
    """One persona's tensors, in the precision of its file: layer name → (A: rank × in, B: out × rank); token rows.

    A layer's output has `scale` × B A x more than the base model's.
    """

    matrices: dict[str, Pair]
    scale: float
    token_ids: torch.Tensor  # (rows,) int64, sorted
    token_rows: torch.Tensor  # (rows, width)

    @property
    def rank(self) -> int:
        return max((len(a) for a, _ in self.matrices.values()), default=1)


def read_adapter(folder: Path, layers: Mapping[str, tuple[int, int]], table: tuple[int, int]) -> Adapter:
    """Read an adapter for a base model with these (out, in) layers and (vocabulary, width). Raises AdapterMismatch."""
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "adapter_model.safetensors")
    scale = config["lora_alpha"] / config["r"]
    matrices: dict[str, Pair] = {}
    for key, a in tensors.items():
        if not key.endswith(".lora_A.weight"):
            continue
        name = key.removeprefix(_PREFIX).removesuffix(".lora_A.weight")
        if name not in layers:
            raise AdapterMismatch(f"it adapts a layer {name}, which the base model hasn't got")
        b = tensors.get(key.replace(".lora_A.", ".lora_B."))
        if b is None or b.shape[1] != a.shape[0] or (b.shape[0], a.shape[1]) != layers[name]:
            raise AdapterMismatch(f"its matrices for the layer {name} don't fit it")
        matrices[name] = (a, b)
    vocabulary, width = table
    ids, rows = _token_rows(config, tensors, width)
    if rows.shape != (ids.numel(), width) or (ids >= vocabulary).any():
        raise AdapterMismatch("its token rows don't fit the base model's embedding")
    return Adapter(matrices, scale, ids, rows)


def _token_rows(config: dict[str, Any], tensors: dict[str, torch.Tensor], width: int) -> Pair:
    delta = next((t for key, t in tensors.items() if key.endswith("trainable_tokens_delta")), None)
    if delta is None:
        return torch.empty(0, dtype=torch.int64), torch.empty(0, width)
    (indices,) = config["trainable_token_indices"].values()
    return torch.tensor(indices, dtype=torch.int64), delta


@dataclass(frozen=True)
class Part:
    """Where a layer's matrices are in a vector, transposed: A as (in, rank) columns of a joined one, B (rank, out)."""

    name: str
    a: slice  # of the joined layers' A, (in, rank × their number)
    n_in: int
    column: int
    b: slice
    n_out: int


@dataclass(frozen=True)
class Layout:
    """The order of all matrices of `rank` in one vector: every A, and from `n_a` on every B."""

    rank: int
    parts: tuple[tuple[Part, ...], ...]  # by Linear.number
    n_a: int
    n: int

    @classmethod
    def of(cls, linears: Sequence[Linear], rank: int) -> Layout:
        a_ends = list(accumulate(linear.n_in * rank * len(linear.sizes) for linear in linears))
        b_ends = iter(accumulate((rank * size for linear in linears for size in linear.sizes), initial=a_ends[-1]))
        start, parts, end = 0, [], next(b_ends)
        for linear, a_end in zip(linears, a_ends, strict=True):
            joined = []
            for i, (name, size) in enumerate(zip(linear.names, linear.sizes, strict=True)):
                before, end = end, next(b_ends)
                joined.append(Part(name, slice(start, a_end), linear.n_in, i * rank, slice(before, end), size))
            parts.append(tuple(joined))
            start = a_end
        return cls(rank, tuple(parts), a_ends[-1], end)

    def pack(self, matrices: Mapping[str, Pair]) -> torch.Tensor:
        """In the matrices' precision; what a layer lacks, or its rank, is zeros."""
        dtype = next((a.dtype for a, _ in matrices.values()), torch.float32)
        vector = torch.zeros(self.n, dtype=dtype)
        for part in (part for joined in self.parts for part in joined):
            if part.name in matrices:
                a, b = matrices[part.name]
                rank = len(a)
                vector[part.a].view(part.n_in, -1)[:, part.column : part.column + rank] = a.t()
                vector[part.b].view(self.rank, -1)[:rank] = b.t()
        return vector

    def unpack(self, vector: torch.Tensor) -> dict[str, Pair]:
        return {
            part.name: (
                vector[part.a].view(part.n_in, -1)[:, part.column : part.column + self.rank].t(),
                vector[part.b].view(self.rank, -1).t(),
            )
            for joined in self.parts
            for part in joined
        }


@dataclass(frozen=True)
class Packed:
    """A resident adapter's matrices, in the precision of its file."""

    layout: Layout
    vector: torch.Tensor
    scale: float

    @property
    def n_bytes(self) -> int:
        return self.vector.numel() * self.vector.element_size()

    def of_layout(self, layout: Layout) -> torch.Tensor:
        return self.vector if layout.rank == self.layout.rank else layout.pack(self.layout.unpack(self.vector))


class Stack:
    """The adapters of a batch's rows: (rows, numbers) in the precision of the activations."""

    def __init__(self, layout: Layout, rows: int, dtype: torch.dtype, device: torch.device) -> None:
        self.layout = layout
        self._vectors = zeros((rows, layout.n), dtype, device)
        self._a = [self._vectors[:, joined[0].a].unflatten(1, (joined[0].n_in, -1)) for joined in layout.parts]
        self._b = [
            [self._vectors[:, part.b].unflatten(1, (layout.rank, -1)) for part in joined] for joined in layout.parts
        ]

    def place(self, row: int, packed: Packed) -> None:
        vector, n_a = packed.of_layout(self.layout), self.layout.n_a
        self._vectors[row, :n_a] = vector[:n_a]
        self._vectors[row, n_a:] = vector[n_a:]
        self._vectors[row, n_a:] *= packed.scale

    def clear(self, row: int) -> None:
        self._vectors[row] = 0

    def add(self, linear: Linear, rows: slice, x: torch.Tensor, y: torch.Tensor) -> None:
        """Add the rows' adapters' outputs for x (n, tokens, in) to y (n, tokens, out)."""
        low, rank = _products(x, self._a[linear.number][rows]), self.layout.rank
        start = 0
        for i, b in enumerate(self._b[linear.number]):
            end = start + linear.sizes[i]
            y[..., start:end].baddbmm_(low[..., i * rank : (i + 1) * rank], b[rows])
            start = end


def _products(x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """(n, tokens, in) × (n, in, rank). One vector alone would be summed up in another order than many: it is two."""
    if x.shape[:2] != (1, 1):
        return torch.bmm(x, a)
    return torch.bmm(x.expand(2, -1, -1), a.expand(2, -1, -1))[:1]
