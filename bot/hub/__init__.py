"""The Hub port over the client library of https://huggingface.co, and whatever speaks its protocol.

    client.py    HuggingFaceHub: each call in a thread of its own
    library.py   that client as it is used here
    sending.py   a folder → a repository, by one commit
    fetching.py  a repository → a folder, each file on from where it was cut
    files.py     pure: which of a repository's files are a persona's
    troubles.py  pure: what goes wrong, in sentences for whoever ran the command

The library takes a while to import, so only what calls it does.
"""

from bot.hub.client import HuggingFaceHub

__all__ = ["HuggingFaceHub"]
