"""`mynah bench`: how fast this machine is."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("How fast this machine trains and speaks.")
