"""`mynah jobs`: trainings."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("Trainings, past and present.")
