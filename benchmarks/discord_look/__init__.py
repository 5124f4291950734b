"""Pictures of the bot on Discord, drawn from what it really sends."""
