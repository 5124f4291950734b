"""`mynah optout`: accounts that must not be imitated."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("Accounts that must not be imitated: people put them here with /optout.")
