"""Problems with what was sent, and where in it they are."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


@dataclass
class Problems:
    """Collects (path, code, message), and says them as the API nests them."""

    found: list[tuple[Path, str, str]] = field(default_factory=list)

    def add(self, path: Path, code: str, message: str) -> None:
        self.found.append((path, code, message))

    def text(self, path: Path, value: object, low: int, high: int) -> None:
        """`value` has to be a text of `low` to `high` characters; nothing counts as an empty one."""
        if value is not None and not isinstance(value, str):
            self.add(path, "STRING_TYPE_CONVERT", f"Not a text: {value!r}")
        elif not value and low > 0:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        else:
            self.size(path, value or "", low, high)

    def size(self, path: Path, value: Sized, low: int, high: int) -> None:
        if not low <= len(value) <= high:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length, not {len(value)}.")

    def number(self, path: Path, value: object, low: int, high: int) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.add(path, "NUMBER_TYPE_RANGE", f"Must be between {low} and {high}, not {value!r}.")

    def one_of(self, path: Path, value: object, known: frozenset[int]) -> bool:
        fits = isinstance(value, int) and value in known
        if not fits:
            self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {sorted(known)}, not {value!r}.")
        return fits

    def objects(self, path: Path, value: object) -> list[dict[str, Any]]:
        """The objects of a list, nothing being an empty one; a problem for what is something else."""
        if value is not None and not (isinstance(value, list) and all(isinstance(each, dict) for each in value)):
            self.add(path, "LIST_TYPE_CONVERT", "Only lists of objects are valid here.")
            return []
        return list(value or [])

    def nested(self) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        for path, code, message in self.found:
            place = whole
            for step in path:
                place = place.setdefault(str(step), {})
            place.setdefault("_errors", []).append({"code": code, "message": message})
        return whole
