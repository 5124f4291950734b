"""What a base model's name means. No torch."""

from __future__ import annotations

BUNDLED = "bundled"


def is_path(name: str) -> bool:
    """Rather than "bundled" or a hub's name."""
    return name.startswith((".", "~", "/")) or name.count("/") > 1


def is_on_hub(name: str) -> bool:
    """Others can load it by this name."""
    return name != BUNDLED and not is_path(name)
