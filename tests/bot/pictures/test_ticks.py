from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pictures.ticks import label, ticks


def test_ticks_are_round_numbers_around_the_data() -> None:
    assert ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert ticks(2.31, 4.19) == [2.0, 2.5, 3.0, 3.5, 4.0, 4.5]
    assert ticks(3.5, 4.1) == [3.4, 3.6, 3.8, 4.0, 4.2]
    assert ticks(0, 2) == [0, 0.5, 1, 1.5, 2]
    assert ticks(3, 3) == [2.5, 2.75, 3.0, 3.25, 3.5]


@given(st.floats(0, 1e4), st.floats(1e-3, 1e4))
def test_ticks_cover_any_data_evenly_and_are_few(low: float, span: float) -> None:
    high = low + span
    found = ticks(low, high)
    step = found[1] - found[0]
    assert 2 <= len(found) <= 6
    assert found[0] <= low + 1e-6 * step
    assert found[-1] >= high - 1e-6 * step
    assert all(math.isclose(b - a, step, rel_tol=1e-6) for a, b in pairwise(found))


@pytest.mark.parametrize(("low", "high"), [(math.nan, 1.0), (0.0, math.inf), (2.0, 1.0)])
def test_there_is_no_axis_for_what_is_no_range(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="no axis"):
        ticks(low, high)


def test_labels_have_the_decimals_that_tell_neighbours_apart() -> None:
    assert [label(2.0, 0.5), label(2.5, 0.5)] == ["2.0", "2.5"]
    assert [label(4, 2), label(3.0025, 0.0025), label(12_000, 2_000)] == ["4", "3.0025", "12,000"]
