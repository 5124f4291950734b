"""`mynah users`: what you decide about people on messengers."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("People on messengers: quotas of their own, and who is blocked.")
