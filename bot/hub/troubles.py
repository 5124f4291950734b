"""What goes wrong with a hub, in sentences for whoever ran the command.

None of them quotes what was asked: the addresses of uploads are signed, whoever has one may write there.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.errors import BadInput, Busy, DiskFull, Limited, MynahError, NotAllowed, NotFound, OperatorError

if TYPE_CHECKING:
    from huggingface_hub.errors import HfHubHTTPError

AGAIN = "Run the same command again later: what has arrived is not sent again."
LOGIN = "Make one at {endpoint}/settings/tokens, then set MYNAH_HUB__TOKEN or run `hf auth login`."
MOST_QUOTED = 200  # characters of what others say

# By what the hub says no with: a status, or the reason that it names.
REFUSALS: dict[int | str, tuple[type[MynahError], str]] = {
    "gated": (
        NotAllowed,
        "The authors of {repo} want to be asked first. Ask at {endpoint}/{repo}, then run the same command again with "
        f"an access token of that account. {LOGIN}",
    ),
    "revision": (
        NotFound,
        "{repo} has no revision {revision}. What there is, is at {endpoint}/{repo}/commits/main",
    ),
    "token": (NotAllowed, f"{{host}} wants an access token, and none is set. {LOGIN}"),
    401: (
        NotAllowed,
        "{host} wants a valid access token for {repo}, if there is such a model at all; what it got, if anything, is "
        f"unknown or expired. {LOGIN}",
    ),
    403: (
        NotAllowed,
        "{host} doesn't let this access token do that with {repo}{said}. It has to be of somebody who may, and to "
        f"publish one that may write. {LOGIN}",
    ),
    404: (
        NotFound,
        "{host} has no model {repo}, or it is private and the access token is not of somebody who may see it. Check "
        f"the name and the token. {LOGIN}",
    ),
    409: (Busy, f"Somebody else has changed {{repo}} at the same time. {AGAIN}"),
    412: (Busy, f"Somebody else has changed {{repo}} at the same time. {AGAIN}"),
    429: (Limited, f"{{host}} has had enough requests for now. Wait for some minutes. {AGAIN}"),
    500: (Busy, f"{{host}} doesn't work at the moment (status {{status}}). {AGAIN}"),
}
OTHER_REFUSAL = (OperatorError, "{host} refuses that (status {status}){said}.")


@dataclass(frozen=True)
class Asked:
    """What was asked of which hub."""

    endpoint: str
    repo: str
    revision: str | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint).hostname or self.endpoint

    def refusal(self, reason: int | str, said: str = "", status: int = 0) -> MynahError:
        kind, sentence = REFUSALS.get(reason, OTHER_REFUSAL)
        return kind(sentence.format(host=self.host, said=said and f": {said}", status=status, **vars(self)))


@contextmanager
def told(asked: Asked) -> Iterator[None]:
    """Raises MynahErrors instead of the library's; others pass. Without their cause, as that may quote addresses."""
    try:
        yield
    except MynahError:
        raise
    except Exception as error:
        trouble = explain(error, asked)
        if trouble is None:
            raise
        raise trouble from None


def explain(error: BaseException, asked: Asked) -> MynahError | None:
    """None: it isn't the hub's, the network's or the disk's."""
    from huggingface_hub.errors import HfHubHTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled

    if isinstance(error, HfHubHTTPError):
        return _refused(error, asked)
    if isinstance(error, RuntimeError | ValueError) and error.__cause__:
        return explain(error.__cause__, asked)  # it only says at which file
    if isinstance(error, LocalTokenNotFoundError):
        return asked.refusal("token")
    if isinstance(error, OfflineModeIsEnabled):
        return BadInput("HF_HUB_OFFLINE is set, so no hub may be asked. Unset it, then run the same command again.")
    return _disk_trouble(error) or _network_trouble(error, asked)


def _refused(error: HfHubHTTPError, asked: Asked) -> MynahError:
    from huggingface_hub.errors import GatedRepoError, RevisionNotFoundError

    if isinstance(error, GatedRepoError):
        return asked.refusal("gated")
    if isinstance(error, RevisionNotFoundError):
        return asked.refusal("revision")
    status = error.response.status_code
    from_hub = error.response.url.host == asked.host  # its storage quotes signatures
    return asked.refusal(min(status, 500), _plain(error.server_message or "") if from_hub else "", status)


def _disk_trouble(error: BaseException) -> OperatorError | None:
    if not isinstance(error, OSError) or error.errno is None:
        return None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("The disk is full. Free some space, then run the same command again: it goes on from there.")
    return OperatorError(f"A file can't be read or written ({_plain(str(error))}).")


def _network_trouble(error: BaseException, asked: Asked) -> MynahError | None:
    """hf_xet has no errors of its own, but some of Python's, without a number."""
    import httpx2

    reason = _plain(str(error)) or type(error).__name__
    if isinstance(error, PermissionError):
        return asked.refusal(403)
    if isinstance(error, httpx2.HTTPError | httpx2.InvalidURL | RuntimeError | OSError):
        return Busy(f"{asked.host} can't be reached ({reason}). {AGAIN}")
    if isinstance(error, ValueError):
        return OperatorError(f"{asked.host} doesn't answer as a hub does ({reason}). Is hub.endpoint right?")
    return None


def _plain(text: str) -> str:
    """One line that is safe to show: no control characters, no addresses' queries."""
    shown = "".join(character for character in " ".join(text.split()) if character.isprintable())
    return re.sub(r"\?\S*", "?…", shown)[:MOST_QUOTED].rstrip(". ")
