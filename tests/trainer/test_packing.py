from __future__ import annotations

import random

import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.loss import IGNORED
from trainer.packing import OPEN_ROWS, Rows, best_fit, pack, windows

END = 0
CORPUS = st.lists(st.lists(st.integers(1, 50), min_size=1, max_size=40), min_size=1, max_size=30)


def posts_in(rows: Rows) -> list[list[int]]:
    """What is predicted, post by post: a new one begins where the positions do."""
    found: list[list[int]] = []
    for inputs, targets, positions in zip(rows.inputs, rows.targets, rows.positions, strict=True):
        for token, target, position in zip(inputs.tolist(), targets.tolist(), positions.tolist(), strict=True):
            if target == IGNORED:
                continue
            if position == 0:
                found.append([])
            else:
                assert token == found[-1][-1]  # what was predicted is what is read next
            found[-1].append(target)
    return found


@given(CORPUS, st.integers(41, 100), st.integers(0, 3))
def test_every_post_is_packed_once_and_whole(posts: list[list[int]], width: int, seed: int) -> None:
    rows = pack(posts, END, width, random.Random(seed))
    assert rows.inputs.shape == rows.targets.shape == rows.positions.shape == (len(rows), width)
    assert sorted(posts_in(rows)) == sorted([*ids, END] for ids in posts)
    assert rows.n_targets == sum(len(ids) + 1 for ids in posts)


@given(CORPUS, st.integers(2, 40))
def test_a_longer_post_is_cut_into_pieces_that_miss_nothing(posts: list[list[int]], width: int) -> None:
    rows = pack(posts, END, width, random.Random(1))
    expected = [list(piece[1:]) for ids in posts for piece in windows([END, *ids, END], width)]
    assert sorted(posts_in(rows)) == sorted(expected)


def test_posts_begin_with_an_end_of_text_token() -> None:
    rows = pack([[5, 6, 7], [8]], END, 10, random.Random(1))
    assert len(rows) == 1
    begins = rows.inputs[rows.positions == 0]
    assert begins.tolist() == [END] * 3  # the third is the padding's


def test_rows_are_nearly_full() -> None:
    order = random.Random(1)
    posts = [[1] * max(1, int(order.gauss(30, 15))) for _ in range(3_000)]
    rows = pack(posts, END, 128, random.Random(2))
    assert rows.n_targets / rows.targets.numel() > 0.97


def test_only_so_many_rows_are_open() -> None:
    """Pieces of one size that two don't share a row: all stay open until there are too many."""
    pieces = [[0] * 7 for _ in range(3 * OPEN_ROWS)]
    rows = best_fit(pieces, 10)
    assert [len(row) for row in rows] == [1] * len(pieces)


def test_every_seed_has_an_order_of_its_own() -> None:
    posts = [[i] for i in range(1, 40)]

    def order(seed: int) -> list[int]:
        return pack(posts, END, 16, random.Random(seed)).inputs.flatten().tolist()

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert posts == [[i] for i in range(1, 40)]


def test_parts_of_rows() -> None:
    rows = pack([[i] * 9 for i in range(1, 8)], END, 10, random.Random(1))
    parts = [rows.part(0, 3), rows.part(3, 7)]
    assert [len(part) for part in parts] == [3, 4]
    assert torch.equal(torch.cat([part.targets for part in parts]), rows.targets)
    assert sum(part.n_targets for part in parts) == rows.n_targets
