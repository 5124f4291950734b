"""Whether the libraries that trackings need are there. No torch, and none of them is imported."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterable


class TrackingMissing(Exception):
    """A library that a run is to be logged with isn't installed. The message is for the operator."""


def check_installed(backends: Iterable[str]) -> None:
    """Raises TrackingMissing."""
    missing = [name for name in backends if importlib.util.find_spec(name) is None]
    if missing:
        raise TrackingMissing(
            f"tracking.backends asks for {' and '.join(missing)}, not installed here. Leave that out, or: "
            f"{sys.executable} -m pip install {' '.join(missing)}"
        )
