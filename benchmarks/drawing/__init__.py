"""What pictures of the bot on any messenger are drawn with."""
