"""The library's client as it is used here."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from pydantic import SecretStr

from bot.errors import BadInput

if TYPE_CHECKING:
    from huggingface_hub import HfApi

SILENCE = 120.0  # seconds without a byte, after which a connection counts as lost


def open_client(endpoint: str, token: SecretStr | None) -> HfApi:
    """Without a token that of the library's own login, but only for the hub that it is for."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")  # it would ask huggingface.co, whatever the endpoint
    from huggingface_hub import HfApi, constants, get_session
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]  # exported lazily

    for library in ("huggingface_hub", "httpx2", "httpcore2"):  # they quote signed addresses
        logging.getLogger(library).setLevel(logging.ERROR)
    if not sys.stderr.isatty():
        disable_progress_bars()
    get_session().timeout = SILENCE
    login = None if endpoint == constants.ENDPOINT else False
    return HfApi(endpoint, token=token.get_secret_value() if token else login, library_name="mynah")


def has_token(api: HfApi) -> bool:
    """Of its own, or of the library's login."""
    from huggingface_hub import get_token

    return bool(api.token) or (api.token is None and get_token() is not None)


def headers_of(api: HfApi) -> dict[str, str]:
    """For requests that the client has no method for."""
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    headers: dict[str, str] = build_hf_headers(token=api.token, library_name=api.library_name)
    return headers


def check_name(repo: str) -> None:
    """Raises BadInput."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError:
        raise BadInput(
            f"{repo!r} can't be a model's name on a hub. It is like org/name: letters, digits, underscores, single "
            "dots and dashes; 96 characters at most."
        ) from None
