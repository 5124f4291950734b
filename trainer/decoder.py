"""Decoder: a base model of GPT-2's or Llama's shape, as the engine runs it: many rows at once, each where it is.

transformers has both, and trains them here; it takes seconds to import, and its layers know neither a row's own adapter
nor a row's own position in a cache. What comes out is the same (tests/trainer/test_decoder.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch.nn import functional

from trainer.linear import Linear, Matrix, Precision, activation_dtype, join
from trainer.shape import Shape, UnknownShape

Tensors = Mapping[str, torch.Tensor]
Project = Callable[[Linear, torch.Tensor], torch.Tensor]  # a linear layer with whatever adapters its rows have
# (layer, q, k, v) → attended, where q is (n, tokens, heads, head_dim), and k and v have the model's kv_heads
Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Norm:
    weight: torch.Tensor
    bias: torch.Tensor | None  # LayerNorm has one, RMSNorm hasn't
    eps: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        size = (x.shape[-1],)
        if self.bias is None:
            return functional.rms_norm(x, size, self.weight, self.eps)
        return functional.layer_norm(x, size, self.weight, self.bias, self.eps)


@dataclass(frozen=True)
class Block:
    """A layer. `up` is the MLP's first matrix, in Llama's shape gate and up; `heads` are norms of q's and k's heads."""

    before_attention: Norm
    qkv: Linear
    out: Linear
    before_mlp: Norm
    up: Linear
    down: Linear
    heads: tuple[Norm, Norm] | None = None

    @property
    def linears(self) -> tuple[Linear, ...]:
        return (self.qkv, self.out, self.up, self.down)

    @property
    def norms(self) -> tuple[Norm, ...]:
        return (self.before_attention, self.before_mlp, *(self.heads or ()))


@dataclass(frozen=True, eq=False)
class Decoder:
    shape: Shape
    embedding: Matrix  # (vocabulary, width)
    head: Matrix  # likewise; the same where they are tied
    blocks: tuple[Block, ...]
    last: Norm
    positions: torch.Tensor  # (context, width) in GPT-2's shape, else (context, 2 × head_dim): cosines, sines
    dtype: torch.dtype

    @property
    def device(self) -> torch.device:
        return self.positions.device

    @property
    def tied(self) -> bool:
        return self.head is self.embedding

    @property
    def linears(self) -> list[Linear]:
        return list(chain.from_iterable(block.linears for block in self.blocks))

    @property
    def layer_sizes(self) -> dict[str, tuple[int, int]]:
        """(out, in) of each layer that an adapter may be of, by transformers' name."""
        return {
            name: (size, linear.n_in)
            for linear in self.linears
            for name, size in zip(linear.names, linear.sizes, strict=True)
        }

    @property
    def parameters(self) -> int:
        """Numbers in its weights; rotary positions are computed."""
        tables = {id(matrix): matrix.weight.numel() for matrix in (self.embedding, self.head)}
        norms = [self.last, *(norm for block in self.blocks for norm in block.norms)]
        small = [t for norm in norms for t in (norm.weight, norm.bias) if t is not None]
        small += [linear.bias for linear in self.linears if linear.bias is not None]
        learned = self.positions.numel() if self.shape.rope is None else 0
        own = sum(linear.matrix.weight.numel() for linear in self.linears)
        return sum(tables.values()) + own + sum(t.numel() for t in small) + learned

    @property
    def n_bytes(self) -> int:
        matrices = {id(matrix): matrix.n_bytes for matrix in (self.embedding, self.head)}
        own = sum(linear.n_bytes for linear in self.linears)
        return sum(matrices.values()) + own + self.positions.numel() * self.positions.element_size()

    def states(self, x: torch.Tensor, positions: torch.Tensor, project: Project, attend: Attend) -> torch.Tensor:
        """(n, tokens, width) embedded tokens at (n, tokens) positions → last hidden states."""
        rotate = None
        if self.shape.rope is None:
            x = x + functional.embedding(positions, self.positions)
        else:
            rotate = functional.embedding(positions, self.positions)[:, :, None]
        for layer, block in enumerate(self.blocks):
            q, k, v = self._heads(block, project(block.qkv, block.before_attention(x)), rotate)
            x = x + project(block.out, attend(layer, q, k, v).flatten(2))
            up = project(block.up, block.before_mlp(x))
            x = x + project(block.down, self._activate(up))
        normed: torch.Tensor = self.last(x)
        return normed

    def _heads(
        self, block: Block, qkv: torch.Tensor, rotate: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        shape = self.shape
        q, k, v = qkv.unflatten(-1, (-1, shape.head_dim)).split((shape.heads, shape.kv_heads, shape.kv_heads), dim=2)
        if block.heads is not None:
            q, k = block.heads[0](q), block.heads[1](k)
        if rotate is None:
            return q, k, v
        return _rotated(q, rotate), _rotated(k, rotate), v

    def _activate(self, up: torch.Tensor) -> torch.Tensor:
        if self.shape.family == "gpt2":
            return functional.gelu(up, approximate="tanh")
        gate, value = up.chunk(2, dim=-1)
        return functional.silu(gate) * value


def _rotated(x: torch.Tensor, rotate: torch.Tensor) -> torch.Tensor:
    cosines, sines = rotate.chunk(2, dim=-1)
    first, second = x.chunk(2, dim=-1)
    return x * cosines + torch.cat((-second, first), dim=-1) * sines


def build(shape: Shape, tensors: Tensors, device: torch.device, precision: Precision) -> Decoder:
    """From weights by transformers' names. Raises UnknownShape when one is missing."""
    dtype = activation_dtype(device, precision)
    prefix = {"gpt2": "transformer.", "llama": "model."}[shape.family]
    on_device = {name.removeprefix(prefix): tensor.to(device) for name, tensor in tensors.items()}
    try:
        reader = Reader(shape, on_device, precision, dtype, prefix)
        return reader.gpt2() if shape.family == "gpt2" else reader.llama()
    except KeyError as error:
        raise UnknownShape(f"it has no weights for {error.args[0]}") from error


@dataclass(frozen=True)
class Reader:
    """Weights by their names without `prefix` → a Decoder. Raises KeyError."""

    shape: Shape
    tensors: Tensors
    precision: Precision
    dtype: torch.dtype
    prefix: str

    def gpt2(self) -> Decoder:
        blocks = [
            Block(
                before_attention=self._norm(f"h.{i}.ln_1"),
                qkv=self._conv(4 * i, f"h.{i}.attn.c_attn"),
                out=self._conv(4 * i + 1, f"h.{i}.attn.c_proj"),
                before_mlp=self._norm(f"h.{i}.ln_2"),
                up=self._conv(4 * i + 2, f"h.{i}.mlp.c_fc"),
                down=self._conv(4 * i + 3, f"h.{i}.mlp.c_proj"),
            )
            for i in range(self.shape.layers)
        ]
        return self._decoder("wte", blocks, self._norm("ln_f"), self.tensors["wpe.weight"].to(self.dtype))

    def llama(self) -> Decoder:
        blocks = [self._llama_block(i, f"layers.{i}.") for i in range(self.shape.layers)]
        return self._decoder("embed_tokens", blocks, self._norm("norm"), self._rotations())

    def _llama_block(self, i: int, at: str) -> Block:
        normed = f"{at}self_attn.q_norm.weight" in self.tensors
        heads = (self._norm(f"{at}self_attn.q_norm"), self._norm(f"{at}self_attn.k_norm")) if normed else None
        return Block(
            before_attention=self._norm(f"{at}input_layernorm"),
            qkv=self._linear(4 * i, *(f"{at}self_attn.{name}_proj" for name in "qkv")),
            out=self._linear(4 * i + 1, f"{at}self_attn.o_proj"),
            before_mlp=self._norm(f"{at}post_attention_layernorm"),
            up=self._linear(4 * i + 2, f"{at}mlp.gate_proj", f"{at}mlp.up_proj"),
            down=self._linear(4 * i + 3, f"{at}mlp.down_proj"),
            heads=heads,
        )

    def _decoder(self, embedding: str, blocks: list[Block], last: Norm, positions: torch.Tensor) -> Decoder:
        table = Matrix.of(self.tensors[f"{embedding}.weight"], self.precision)
        head = table if self.shape.tied else Matrix.of(self.tensors["lm_head.weight"], self.precision)
        return Decoder(self.shape, table, head, tuple(blocks), last, positions, self.dtype)

    def _norm(self, name: str) -> Norm:
        bias = self.tensors.get(f"{name}.bias")
        weight = self.tensors[f"{name}.weight"].to(self.dtype)
        return Norm(weight, None if bias is None else bias.to(self.dtype), self.shape.eps)

    def _conv(self, number: int, name: str) -> Linear:
        """GPT-2's Conv1D: a linear layer whose weight is (in, out)."""
        weight = self.tensors[f"{name}.weight"].t()
        return join(number, [self.prefix + name], [weight], [self.tensors[f"{name}.bias"]], self.precision, self.dtype)

    def _linear(self, number: int, *names: str) -> Linear:
        weights = [self.tensors[f"{name}.weight"] for name in names]
        biases = [self.tensors.get(f"{name}.bias") for name in names]
        return join(number, [self.prefix + name for name in names], weights, biases, self.precision, self.dtype)

    def _rotations(self) -> torch.Tensor:
        assert self.shape.rope is not None
        device = self.tensors["norm.weight"].device
        frequencies = torch.tensor(self.shape.rope.frequencies(self.shape.head_dim), device=device)
        angles = torch.arange(self.shape.context, device=device)[:, None] * frequencies
        return torch.cat((angles.cos(), angles.cos(), angles.sin(), angles.sin()), dim=-1).to(self.dtype)


def scaling(shape: Shape) -> float:
    """Of q · k (https://arxiv.org/abs/1706.03762)."""
    return 1 / math.sqrt(shape.head_dim)
