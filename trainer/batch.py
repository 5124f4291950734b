"""Batch: the rows of one model that speak, each with its own adapter, its own place in the KV cache and its own length.

No sampling, no text. What a row gets doesn't depend on the rows beside it: with int8 weights bit for bit, because sums
of integers are exact, attention looks at a multiple of 32 positions, adapters have the rank of their places, and
nothing else adds up numbers of different rows. (A persona of a higher rank than usual makes all places larger, once.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import ref

import torch

from trainer.decoder import Decoder, scaling
from trainer.linear import Linear, Matrix
from trainer.lora import Layout, Packed, Stack
from trainer.memory import zeros

POSITIONS = 32  # of a step in the cache's length


@dataclass(frozen=True)
class Table:
    """A persona's own token rows, for input and output; `where` finds a token's (-1: it is the base model's)."""

    matrix: Matrix
    ids: torch.Tensor | None = None  # None: of every token
    where: torch.Tensor | None = None

    @classmethod
    def of(cls, ids: torch.Tensor, matrix: Matrix, vocabulary: int) -> Table:
        if len(ids) == vocabulary:
            return cls(matrix)
        where = torch.full((vocabulary,), -1, device=ids.device)
        where[ids] = torch.arange(len(ids), device=ids.device)
        return cls(matrix, ids, where)

    def embed(self, tokens: torch.Tensor, base: Matrix, dtype: torch.dtype) -> torch.Tensor:
        if self.where is None:
            return self.matrix.rows(tokens, dtype)
        own = self.where[tokens]
        return torch.where((own >= 0)[..., None], self.matrix.rows(own.clamp(min=0), dtype), base.rows(tokens, dtype))

    def logits(self, x: torch.Tensor, base: Matrix) -> torch.Tensor:
        own = self.matrix.times(x)
        return own if self.ids is None else base.times(x).index_copy(-1, self.ids, own)


@dataclass(frozen=True)
class Weights:
    """What a persona changes of the model that its rows are in."""

    packed: Packed | None = None
    table: Table | None = None


PLAIN = Weights()


class Batch:
    """`rows` at most, `capacity` tokens each: the cache is allocated once (the system hands out what is touched)."""

    def __init__(self, decoder: Decoder, rows: int, capacity: int) -> None:
        shape = decoder.shape
        self.decoder, self.rows, self.capacity = decoder, rows, capacity
        size = (shape.layers, rows, shape.kv_heads, -(-capacity // POSITIONS) * POSITIONS, shape.head_dim)
        self._keys = zeros(size, decoder.dtype, decoder.device)
        self._values = zeros(size, decoder.dtype, decoder.device)
        self._weights: list[Weights] = [PLAIN] * rows
        self._stacked: list[ref[Packed] | None] = [None] * rows  # what the stack has, also after a row has gone
        self._stack: Stack | None = None

    def place(self, row: int, weights: Weights) -> None:
        """Whose row it is from now on."""
        self._weights[row] = weights
        packed = weights.packed
        if packed is not None and (self._stack is None or self._stack.layout.rank < packed.layout.rank):
            self._restack(packed.layout)
        before = self._stacked[row]
        if self._stack is None or (before is not None and before() is packed):
            return
        self._stacked[row] = None if packed is None else ref(packed)
        if packed is None:
            self._stack.clear(row)
        else:
            self._stack.place(row, packed)

    def clear(self, row: int) -> None:
        """Nobody speaks there any more. What is left in the cache and the stack is nobody's."""
        self._weights[row] = PLAIN

    def _restack(self, layout: Layout) -> None:
        """The first adapter, or one of a higher rank, decides on the places of all."""
        self._stack = Stack(layout, self.rows, self.decoder.dtype, self.decoder.device)
        self._stacked = [None] * self.rows
        for row, weights in enumerate(self._weights):
            if weights.packed is not None:
                self._stacked[row] = ref(weights.packed)
                self._stack.place(row, weights.packed)

    def copy(self, source: int, target: int, length: int) -> None:
        """`target` goes on from `source`'s first `length` tokens, as the same persona."""
        self._weights[target] = self._weights[source]
        if self._stack is not None:
            self.place(target, self._weights[source])
        for cache in (self._keys, self._values):
            cache[:, target, :, :length] = cache[:, source, :, :length]

    def read(self, start: int, prompts: Sequence[Sequence[int]], ends: Sequence[int]) -> torch.Tensor:
        """The first tokens of the rows from `start` on, padded to one length → (n, vocabulary) fp32 logits at `ends`.

        What the padding leaves in the cache comes after a row's end, where nothing looks until it is written anew.
        """
        device, length = self.decoder.device, len(prompts[0])
        positions = torch.arange(length, device=device).clamp(max=self.capacity - 1).repeat(len(prompts), 1)
        rows = slice(start, start + len(prompts))
        return self._forward(rows, torch.tensor(prompts, device=device), positions, torch.tensor(ends, device=device))

    def step(self, tokens: Sequence[int], positions: Sequence[int]) -> torch.Tensor:
        """A token more for each of the first n rows → (n, vocabulary) fp32 logits."""
        device = self.decoder.device
        ids = torch.tensor(tokens, device=device)[:, None]
        places = torch.tensor(positions, device=device)[:, None]
        return self._forward(slice(0, len(tokens)), ids, places, torch.zeros(len(tokens), dtype=torch.int64))

    def _forward(self, rows: slice, ids: torch.Tensor, positions: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        weights = self._weights[rows]
        embedded = self._by_table(weights, ids, self._embed)
        states = self.decoder.states(embedded, positions, self._project(rows), self._attend(rows, positions))
        return self._by_table(weights, states[torch.arange(len(ends)), ends], self._logits).float()

    def _embed(self, table: Table | None, ids: torch.Tensor) -> torch.Tensor:
        base, dtype = self.decoder.embedding, self.decoder.dtype
        return base.rows(ids, dtype) if table is None else table.embed(ids, base, dtype)

    def _logits(self, table: Table | None, states: torch.Tensor) -> torch.Tensor:
        own = table is not None and self.decoder.tied
        return table.logits(states, self.decoder.head) if own and table else self.decoder.head.times(states)

    def _by_table(
        self, weights: Sequence[Weights], x: torch.Tensor, compute: Callable[[Table | None, torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Rows of the same persona together, in (n, …) order again."""
        groups: dict[int, list[int]] = {}
        for row, own in enumerate(weights):
            groups.setdefault(id(own.table), []).append(row)
        if len(groups) == 1:
            return compute(weights[0].table, x)
        parts = [compute(weights[members[0]].table, x[members]) for members in groups.values()]
        order = torch.tensor([row for members in groups.values() for row in members], device=x.device)
        out = torch.empty((len(weights), *parts[0].shape[1:]), dtype=parts[0].dtype, device=x.device)
        return out.index_copy_(0, order, torch.cat(parts))

    def _project(self, rows: slice) -> Callable[[Linear, torch.Tensor], torch.Tensor]:
        stack = self._stack

        def project(linear: Linear, x: torch.Tensor) -> torch.Tensor:
            y = linear.times(x)
            if stack is not None:
                stack.add(linear, rows, x, y)
            return y

        return project

    def _attend(
        self, rows: slice, positions: torch.Tensor
    ) -> Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
        shape, device = self.decoder.shape, self.decoder.device
        n, tokens = positions.shape
        groups, seen = shape.heads // shape.kv_heads, -(-(int(positions.max()) + 1) // POSITIONS) * POSITIONS
        capacity = self._keys.shape[3]
        heads = torch.arange(rows.start * shape.kv_heads, rows.stop * shape.kv_heads, device=device)
        places = (heads.view(n, 1, -1) * capacity + positions[..., None]).flatten()
        later = torch.arange(seen, device=device) > positions[..., None]  # (n, tokens, seen)
        hidden = torch.zeros(later.shape, dtype=self.decoder.dtype, device=device).masked_fill_(later, -torch.inf)
        hidden = hidden[:, None].repeat(1, 1, groups, 1) if groups > 1 else hidden[:, None]
        scale = scaling(shape)

        def attend(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            for cache, new in ((self._keys, k), (self._values, v)):
                cache[layer].view(-1, shape.head_dim).index_copy_(0, places, new.reshape(-1, shape.head_dim))
            keys, values = self._keys[layer, rows, :, :seen], self._values[layer, rows, :, :seen]
            # (n, kv_heads, groups × tokens, head_dim): a KV head's queries are one matrix
            queries = (q * scale).view(n, tokens, -1, groups, shape.head_dim).permute(0, 2, 3, 1, 4).flatten(2, 3)
            scores = torch.matmul(queries, keys.transpose(-1, -2)).add_(hidden)
            found = torch.matmul(scores.softmax(dim=-1, dtype=torch.float32).to(values.dtype), values)
            attended: torch.Tensor = found.unflatten(2, (groups, tokens)).permute(0, 3, 1, 2, 4).flatten(2, 3)
            return attended

        return attend
