"""A small, strict hub in place of https://huggingface.co, on 127.0.0.1 for as long as it is entered.

    async with FakeHub(repo("pip/lighthouse", {"config.json": b"{}"})) as hub:
        hub.fail("PUT /storage/", Fault(after=100_000))
        ...  # a client whose endpoint is hub.url, and whose token is "pips-token"
        assert not hub.refusals

What the answers look like is from what the client library reads of them and from memory of the real hub's, as no test
can ask that one. In these points the fake is stricter, or no more than a guess:

- Each file that is large or binary goes to the storage, which is another host by its name (localhost). It has signed
  addresses, and blames who shows it a token.
- One storage for all repositories; what nobody's commit has is never cleared away.
- `.gitignore` is a list of plain patterns.
- There are no branches but `main`, no pull requests, and no files in parts unless `part_bytes` says so.
- With `xet`, large files go into a folder by hf_xet's own way of testing (local://); they can't be downloaded again.
"""

from tests.doubles.hub.access import Account
from tests.doubles.hub.faults import Fault
from tests.doubles.hub.repos import Blob, Commit, Repo, repo
from tests.doubles.hub.server import FakeHub
from tests.doubles.hub.storage import SIGNATURE

__all__ = ["SIGNATURE", "Account", "Blob", "Commit", "FakeHub", "Fault", "Repo", "repo"]
