"""Where posts come from: one module per kind of source, each behind `bot.ports.PostSource`. No torch."""
