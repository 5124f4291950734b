"""What every benchmark prints: a table, and the hardware it ran on."""

from __future__ import annotations

import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version

from bot.render import table
from trainer.hardware import cpu_name, usable_cores


def hardware() -> str:
    python = platform.python_version()
    return f"{usable_cores()} cores of {cpu_name()}; Python {python}, torch {version('torch')}"


def print_report(title: str, rows: Sequence[Sequence[str]]) -> None:
    print(f"{title}\n{hardware()}\n{table(rows)}\n")


def summary(name: str, values: Sequence[float], unit: str, target: str) -> tuple[str, ...]:
    """A row: name, runs, min, median, max, target."""
    numbers = (min(values), statistics.median(values), max(values))
    return (name, str(len(values)), *(f"{number:.3g}" for number in numbers), unit, target)


HEAD = ("what", "runs", "min", "median", "max", "unit", "target")
