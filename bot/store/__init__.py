"""The Store port on SQLite: schema migrations, row ↔ domain, nothing else."""
