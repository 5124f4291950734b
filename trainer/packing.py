"""Posts → full rows of tokens. No model.

A post of n tokens takes n + 1 places: it is read from an end-of-text token on and predicted up to the next one. Posts
are packed whole; one that is longer than a row is cut into pieces. Positions start anew with each post, which is how
transformers knows that posts in a row must not see each other.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from trainer.loss import IGNORED

OPEN_ROWS = 64  # that wait for a post that fits; with posts of 30 tokens in rows of 128 they get 98% full
SMALLEST_GAP = 4  # places: shorter posts are rare, so a row with less room is as good as full


@dataclass(frozen=True)
class Rows:
    """(rows, width) each: ids to read, ids to predict (IGNORED where there is none), positions within the post."""

    inputs: torch.Tensor
    targets: torch.Tensor
    positions: torch.Tensor

    def __len__(self) -> int:
        return len(self.inputs)

    def part(self, start: int, stop: int) -> Rows:
        return Rows(self.inputs[start:stop], self.targets[start:stop], self.positions[start:stop])

    def to(self, device: torch.device) -> Rows:
        return Rows(self.inputs.to(device), self.targets.to(device), self.positions.to(device))

    @property
    def n_targets(self) -> int:
        return int((self.targets != IGNORED).sum())


def windows(ids: Sequence[int], context: int) -> list[Sequence[int]]:
    """Pieces of at most `context` + 1 ids, in which every id but the first is predicted once."""
    return [ids[start : start + context + 1] for start in range(0, len(ids) - 1, context)]


def pack(posts: Iterable[Sequence[int]], end_id: int, width: int, order: random.Random) -> Rows:
    """All posts in rows of `width` places, in an order drawn from `order`."""
    pieces = [piece for ids in posts for piece in windows([end_id, *ids, end_id], width)]
    order.shuffle(pieces)
    rows = best_fit(pieces, width)
    order.shuffle(rows)
    return as_rows(rows, end_id, width)


def best_fit(pieces: Iterable[Sequence[int]], width: int) -> list[list[Sequence[int]]]:
    """Each piece goes to the fullest open row that has room for it; a new one is opened when none has."""
    done: list[list[Sequence[int]]] = []
    open_rows: list[tuple[int, int, list[Sequence[int]]]] = []  # by room: (room, a number that breaks ties, pieces)
    for number, piece in enumerate(pieces):
        needed = len(piece) - 1
        place = bisect_left(open_rows, needed, key=lambda row: row[0])
        room, _, row = open_rows.pop(place) if place < len(open_rows) else (width, 0, [])
        row.append(piece)
        if room - needed < SMALLEST_GAP:
            done.append(row)
            continue
        insort(open_rows, (room - needed, number, row))
        if len(open_rows) > OPEN_ROWS:
            done.append(open_rows.pop(0)[2])
    return done + [row for _, _, row in open_rows]


def as_rows(rows: Sequence[Sequence[Sequence[int]]], end_id: int, width: int) -> Rows:
    """Padding reads end-of-text tokens, predicts nothing, and is a post of its own to the attention."""
    inputs = torch.full((len(rows), width), end_id)
    targets = torch.full((len(rows), width), IGNORED)
    positions = torch.arange(width).repeat(len(rows), 1)
    for i, row in enumerate(rows):
        start = 0
        for piece in row:
            stop = start + len(piece) - 1
            inputs[i, start:stop] = torch.tensor(piece[:-1])
            targets[i, start:stop] = torch.tensor(piece[1:])
            positions[i, start:stop] = torch.arange(stop - start)
            start = stop
        positions[i, start:] = torch.arange(width - start)
    return Rows(inputs, targets, positions)
