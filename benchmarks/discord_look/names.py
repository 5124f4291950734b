"""What ids and moments are called. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Names:
    """What ids stand for, which moment it is, and who looks, whose mentions stand out."""

    users: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    viewer: str = ""


def moment(seconds: int, style: str, now: datetime) -> str:
    """`<t:…>` in words, as a reader in English gets it (in UTC)."""
    at = datetime.fromtimestamp(seconds, UTC)
    if style == "R":
        return relative((at - now).total_seconds())
    clock = f"{at:%I:%M}".lstrip("0") + f" {at:%p}"
    day = {"d": f"{at.month}/{at.day}/{at.year}"}.get(style, f"{at:%B} {at.day}, {at.year}")
    return {"t": clock, "T": clock, "d": day, "D": day}.get(style, f"{day} {clock}")


def relative(seconds: float) -> str:
    """`in 2 minutes`, `a day ago`: in Discord's steps."""
    span = abs(seconds)
    for unit, size, most in (("second", 1, 45), ("minute", 60, 45), ("hour", 3600, 22), ("day", 86_400, 26)):
        count = round(span / size)
        if count < most:
            article = "an" if unit == "hour" else "a"
            words = f"{article} {unit}" if count <= 1 else f"{count} {unit}s"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    words = f"{round(span / 2_629_800)} months" if span < 31_557_600 else f"{round(span / 31_557_600)} years"
    return f"in {words}" if seconds > 0 else f"{words} ago"
