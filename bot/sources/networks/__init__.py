"""Accounts on networks: one file for each, and what they share: reading page by page, patience, what was read."""
