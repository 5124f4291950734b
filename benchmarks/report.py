"""What every benchmark prints: a table, and the hardware it ran on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from bot.render import table


def hardware() -> str:
    cpu = platform.processor() or "unknown CPU"
    info = Path("/proc/cpuinfo")
    if info.exists():
        cpu = next((line.split(":")[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    return f"{os.cpu_count()} cores of {cpu}; Python {platform.python_version()}, torch {version('torch')}"


def print_report(title: str, rows: Sequence[Sequence[str]]) -> None:
    print(f"{title}\n{hardware()}\n{table(rows)}\n")


def summary(name: str, values: Sequence[float], unit: str, target: str) -> tuple[str, ...]:
    """A row: name, runs, min, median, max, target."""
    numbers = (min(values), statistics.median(values), max(values))
    return (name, str(len(values)), *(f"{number:.3g}" for number in numbers), unit, target)


HEAD = ("what", "runs", "min", "median", "max", "unit", "target")
