"""`mynah sources`: where posts come from, and what that has cost."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("Where posts come from, what that costs, and what the networks' rules say.")
