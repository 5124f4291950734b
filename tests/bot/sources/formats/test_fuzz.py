"""Whatever a file holds, it is read, or refused in a sentence that helps. `benchmarks.fuzz` runs many more cases."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bot.sources.formats.broken import FORMATS, make_case, outcome


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=100, derandomize=True, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_broken_files_are_read_or_refused(kind: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert outcome(make_case(kind, seed, Path(folder))) in {"read", "refused"}


@pytest.mark.parametrize("kind", FORMATS)
def test_a_case_is_the_same_every_time(kind: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    cases = [make_case(kind, 7, tmp_path / name) for name in ("a", "b")]
    assert cases[0].path.relative_to(tmp_path / "a") == cases[1].path.relative_to(tmp_path / "b")
    assert cases[0].part == cases[1].part
    if cases[0].path.is_file():
        assert cases[0].path.read_bytes() == cases[1].path.read_bytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_many_cases_are_read_and_many_are_not(kind: str, tmp_path: Path) -> None:
    """Else they would show little."""
    found = set()
    for seed in range(60):
        (tmp_path / str(seed)).mkdir()
        found.add(outcome(make_case(kind, seed, tmp_path / str(seed))))
    assert found == {"read", "refused"}
