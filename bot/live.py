"""Settings as they are now: a reload (SIGHUP) changes those that can change while the bot runs."""

from __future__ import annotations

from dataclasses import dataclass

from bot.settings import Settings


@dataclass
class LiveSettings:
    """One of these for a process; whoever needs settings asks it each time."""

    now: Settings
