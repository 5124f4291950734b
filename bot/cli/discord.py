"""`mynah discord`: setting the bot up."""

from __future__ import annotations

from bot.cli.shared import noun

app = noun("Discord: inviting the bot.")
