"""Ways to break files. Each takes a random.Random, so that a seed makes a case."""
