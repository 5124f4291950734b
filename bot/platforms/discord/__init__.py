"""Discord: slash commands, buttons and messages over the same use cases as the console."""
