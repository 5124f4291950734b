"""One package per messenger. They do not know each other."""
