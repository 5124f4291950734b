"""`mynah db`: backups, and the database's schema."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("Backups, and the database's schema.")
