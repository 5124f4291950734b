"""Pictures of the bot on Telegram, drawn from what it really sends."""
