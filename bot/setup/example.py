"""The commented example with values of one's own. Pure, but for reading the example."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

import tomlkit

Key = tuple[str, ...]


def example() -> str:
    """config.example.toml, which comes with the package."""
    return files("bot").joinpath("config.example.toml").read_text(encoding="utf-8")


def filled(text: str, values: Mapping[Key, Any]) -> str:
    """Each value where its key is; one whose line is commented out gets that line. Comments stay."""
    document = tomlkit.parse("\n".join(_uncommented(text, set(values))) + "\n")
    for key, value in values.items():
        table: Any = document
        for name in key[:-1]:
            table = table.setdefault(name, tomlkit.table())
        table[key[-1]] = value
    return tomlkit.dumps(document)


def flat(tables: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Nested tables → their values by key."""
    for name, value in tables.items():
        if isinstance(value, Mapping):
            yield from flat(value, (*above, name))
        else:
            yield (*above, name), value


def _uncommented(text: str, keys: set[Key]) -> Iterator[str]:
    section: Key = ()
    for line in text.splitlines():
        if head := re.match(r"\[([\w.]+)\]", line):
            section = tuple(head[1].split("."))
        option = re.match(r"# (\w+) = ", line)
        yield line.removeprefix("# ") if option and (*section, option[1]) in keys else line
