"""SQLite through aiosqlite: migrations, row ↔ domain, nothing else."""
