"""Sets of names, written as a text."""


def names(text: str) -> frozenset[str]:
    return frozenset(text.split())
