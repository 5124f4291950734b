"""Linear layers in the precision that the engine computes in.

int8: weights by output channel, activations by row, rounded when they come (https://arxiv.org/abs/2208.07339 calls it
vector-wise). The products are sums of integers, which are exact in any order: a row's result doesn't depend on which
rows are computed beside it. It is also what reads the fewest bytes, and a decode step is as fast as memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from trainer.compute import has_bf16

Precision = Literal["fp32", "bf16", "int8"]
AT_ONCE = 512  # rows that are quantized together


def best_precision(device: torch.device) -> Precision:
    """What measured best where its instructions are (docs/measurements.md)."""
    if device.type != "cpu":
        return "bf16"
    if torch.cpu._is_vnni_supported():
        return "int8"
    return "bf16" if has_bf16(device) else "fp32"


def activation_dtype(device: torch.device, precision: Precision) -> torch.dtype:
    """What lies between the layers. On CPUs fp32: only products gain from less."""
    return torch.bfloat16 if device.type != "cpu" and precision != "fp32" else torch.float32


@dataclass(frozen=True)
class Matrix:
    """A weight (out, in); in int8 with the `scale` (out,) of its rows."""

    weight: torch.Tensor
    scale: torch.Tensor | None

    @classmethod
    def of(cls, weight: torch.Tensor, precision: Precision) -> Matrix:
        if precision != "int8":
            return cls(weight.to(torch.bfloat16 if precision == "bf16" else torch.float32).contiguous(), None)
        # Some rows at a time: large numbers that come and go between those that stay would leave holes in the memory.
        parts = [quantize(rows.float()) for rows in weight.split(AT_ONCE)]
        return cls(torch.cat([quantized for quantized, _ in parts]), torch.cat([scale for _, scale in parts])[:, 0])

    @property
    def n_bytes(self) -> int:
        return sum(t.numel() * t.element_size() for t in (self.weight, self.scale) if t is not None)

    def rows(self, ids: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
        """(…) indices → (…, in)."""
        found = functional.embedding(ids, self.weight).to(dtype)
        return found if self.scale is None else found * self.scale[ids][..., None]

    def times(self, x: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """(…, in) → (…, out), in the precision of `x`."""
        if self.scale is None:
            y = functional.linear(x.to(self.weight.dtype), self.weight).to(x.dtype)
            return y if bias is None else y.add_(bias)
        quantized, scale = quantize(x.reshape(-1, x.shape[-1]))
        y = torch._int_mm(quantized, self.weight.t()) * scale
        y = y.mul_(self.scale) if bias is None else torch.addcmul(bias, y, self.scale)
        return y.view(*x.shape[:-1], -1)


def quantize(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(n, in) → the nearest of 255 steps, and the (n, 1) sizes of a step."""
    scale = x.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-12).div_(127)
    return (x / scale).round_().to(torch.int8), scale


@dataclass(frozen=True)
class Linear:
    """One or more of a model's linear layers with the same input, computed as one. `number` finds their adapters."""

    number: int
    names: tuple[str, ...]
    sizes: tuple[int, ...]  # of their outputs
    matrix: Matrix
    bias: torch.Tensor | None

    @property
    def n_in(self) -> int:
        return self.matrix.weight.shape[1]

    @property
    def n_bytes(self) -> int:
        return self.matrix.n_bytes + (0 if self.bias is None else self.bias.numel() * self.bias.element_size())

    def times(self, x: torch.Tensor) -> torch.Tensor:
        return self.matrix.times(x, self.bias)


def join(
    number: int,
    names: Sequence[str],
    weights: Sequence[torch.Tensor],
    biases: Sequence[torch.Tensor | None],
    precision: Precision,
    dtype: torch.dtype,
) -> Linear:
    """Layers of the same input, (out, in) weights each, as one; all have a bias, or none has."""
    found = [bias for bias in biases if bias is not None]
    return Linear(
        number,
        tuple(names),
        tuple(len(weight) for weight in weights),
        Matrix.of(torch.cat(list(weights)), precision),
        torch.cat(found).to(dtype) if found else None,
    )
