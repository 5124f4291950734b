"""`mynah models`: the personas on this machine."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("The personas on this machine.")
