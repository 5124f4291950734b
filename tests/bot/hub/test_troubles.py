from __future__ import annotations

import errno
import subprocess
import sys

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

from bot.errors import BadInput, Busy, DiskFull, MynahError, NotAllowed, OperatorError
from bot.hub.troubles import Asked, explain, told

ASKED = Asked("https://hub.example", "pip/lighthouse")
SIGNED = "https://storage.example/x?X-Amz-Signature=secret"


def refusal(status: int, url: str = "https://hub.example/api", said: str = "") -> HfHubHTTPError:
    request = httpx2.Request("PUT", url, headers={"Authorization": "Bearer secret"})
    response = httpx2.Response(status, request=request)
    return HfHubHTTPError(f"{status} for {url}", response=response, server_message=said)


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), DiskFull, "The disk is full"),
        (OSError(errno.EACCES, "Permission denied"), OperatorError, "Permission denied"),
        (OfflineModeIsEnabled("no"), BadInput, "HF_HUB_OFFLINE is set"),
        (httpx2.ReadError("connection reset"), Busy, r"hub.example can't be reached \(connection reset\)"),
        (httpx2.ReadTimeout(""), Busy, "ReadTimeout"),
        (RuntimeError(f"error sending request for {SIGNED}"), Busy, "can't be reached"),
        (PermissionError("no access"), NotAllowed, "to publish one that may write"),
        (OSError("Consistency check failed"), Busy, "Run the same command again"),
        (ValueError("Malformed response from server"), OperatorError, "doesn't answer as a hub does"),
        (ValueError("LFS errors:\nfile: no room"), OperatorError, "LFS errors: file: no room"),
        (KeyError("xet"), KeyError, "xet"),
        (refusal(400, said="Bad front\nmatter\x1b[2J"), OperatorError, r"\(status 400\): Bad front matter\[2J\."),
        (refusal(403, SIGNED, "<Signature>secret</Signature>"), NotAllowed, "do that with pip/lighthouse. It has"),
        (refusal(412), Busy, "at the same time"),
        (refusal(503), Busy, "status 503"),
    ],
)
def test_each_trouble_has_a_sentence_that_gives_nothing_away(
    error: Exception, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says) as raised, told(ASKED):
        raise error
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("status", "wrapper", "kind"),
    [
        (503, RuntimeError("Error while uploading 'model.safetensors' to the Hub."), Busy),
        (400, ValueError("Invalid metadata in README.md."), OperatorError),
    ],
)
def test_what_the_library_wraps_is_what_counts(status: int, wrapper: Exception, kind: type[MynahError]) -> None:
    wrapper.__cause__ = refusal(status)
    assert isinstance(trouble := explain(wrapper, ASKED), kind)
    assert f"status {status}" in str(trouble)


def test_the_library_is_not_imported_before_it_is_needed() -> None:
    code = "import sys, bot.hub; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
