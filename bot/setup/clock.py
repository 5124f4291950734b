"""Whether this machine's clock is right. Tokens and webhooks break where it isn't."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import bot
from bot.setup.check import Check, doubtful, fine, wrong

NAME = "Clock"
MOST = timedelta(seconds=30)
SET = "Have it set by the network: `timedatectl set-ntp true`, or your system's time service."


def ahead(date: str | None, now: datetime) -> timedelta | None:
    """How far this machine's clock is ahead of an answer's Date header, which knows whole seconds."""
    try:
        return now - parsedate_to_datetime(date or "")
    except (ValueError, TypeError):
        return None


def clock(differences: Iterable[timedelta | None], now: datetime) -> Check:
    """By what platforms have answered; where none has, it is at least later than this Mynah was made."""
    known = [difference for difference in differences if difference is not None]
    if known:
        least = min(known, key=abs)
        return _compared(least)
    if now < made_at():
        return wrong(NAME, f"it says {now:%Y-%m-%d %H:%M} UTC, which is before this Mynah was installed", SET)
    return fine(NAME, f"{now:%Y-%m-%d %H:%M} UTC; compared with nobody's, since no platform was asked or answered")


def _compared(difference: timedelta) -> Check:
    seconds = difference.total_seconds()
    if abs(difference) <= MOST:
        return fine(NAME, "as the platforms' clocks")
    side = "ahead of" if seconds > 0 else "behind"
    return doubtful(NAME, f"{abs(seconds):,.0f} s {side} the platforms' clocks: tokens and webhooks may fail", SET)


def made_at() -> datetime:
    """When this Mynah's files came here."""
    return datetime.fromtimestamp(Path(bot.__file__).stat().st_mtime, UTC)
