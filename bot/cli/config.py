"""`mynah config`: the settings."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("The settings: what they are, where they come from, whether they are right.")
