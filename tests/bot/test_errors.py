from __future__ import annotations

import re

import pytest

from bot import errors
from bot.errors import MynahError


def drawn() -> dict[str, str]:
    """Each error of the docstring's tree with the one above it."""
    parents: dict[str, str] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"([ │├└─]+)([A-Z]\w+)", line):
            depth, name = len(match[1]), match[2]
            nearest = max((other for other in above if other < depth), default=None)
            above = {other: found for other, found in above.items() if other < depth} | {depth: name}
            if nearest is not None:
                parents[name] = above[nearest]
    return parents


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not MynahError]
    assert drawn() == {kind.__name__: kind.__base__.__name__ for kind in classes if kind.__base__}


@pytest.mark.parametrize("kind", [errors.UserError, errors.OperatorError])
def test_an_error_is_for_the_person_or_for_the_operator(kind: type[MynahError]) -> None:
    other = errors.OperatorError if kind is errors.UserError else errors.UserError
    assert not issubclass(kind, other)
