"""Round numbers along an axis. Pure."""

from __future__ import annotations

import math

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LEAST = 1e-6  # of the axis: closer together they are one


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Multiples of one round number, two to `most` of them: the first is not above `low`, the last not below `high`.

    Raises ValueError when they aren't numbers in this order.
    """
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise ValueError(f"no axis from {low} to {high}")
    if high - low < LEAST * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    power = 10.0 ** math.floor(math.log10((high - low) / most))
    step = next(step for step in _steps(power) if _count(low, high, step) <= most)
    first = math.floor(low / step + 1e-9)
    return [round(step * (first + n), 12) for n in range(_count(low, high, step))]


def label(tick: float, step: float) -> str:
    """With as many decimals as tell neighbours apart: `2`, `2.5`, `0.25`."""
    decimals = next((n for n in range(6) if math.isclose(round(step, n), step)), 6)
    return f"{tick:,.{decimals}f}"


def _steps(power: float) -> list[float]:
    return [power * step * ten for ten in (1.0, 10.0) for step in STEPS]


def _count(low: float, high: float, step: float) -> int:
    return math.ceil(high / step - 1e-9) - math.floor(low / step + 1e-9) + 1
