"""Backups: one tar of the database, the personas that it records, their posts and the accounts that were read.

`contents` says what is in one and how it is checked, `listing` what belongs into it, `writing` and `restoring` do it.
All of it blocks: the CLI calls it, in a process of its own.
"""
