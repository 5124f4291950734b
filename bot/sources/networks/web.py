"""Asking a web service for JSON: bounded in time and size, its troubles in plain words."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import BaseModel

from bot.sources.networks.patience import TryLater, nonsense
from bot.sources.pictures import MAX_PICTURE, is_picture
from bot.sources.zstd import write_file
from bot.texts import Text

SECONDS = 30.0  # for one answer
MAX_BYTES = 16 * 1024 * 1024  # of one answer: a hundred posts have a few hundred kilobytes
M = TypeVar("M", bound=BaseModel)


class Refused(Exception):
    """The service says no. `error` and `message` are its own, where it gave any."""

    def __init__(self, status: int, error: str = "", message: str = "") -> None:
        super().__init__(status, error, message)
        self.status, self.error, self.message = status, error, message


@dataclass(frozen=True)
class Web:
    """`service` is its name in messages."""

    service: str
    client: httpx.AsyncClient
    clock: Callable[[], float] = time.time

    async def get(self, url: str, params: Mapping[str, str], shape: type[M]) -> M:
        """Raises Refused for a 4xx answer, TryLater for one that can't be had or understood at the moment."""
        status, headers, body = await self._read(url, params)
        if status == 429:
            raise TryLater(
                Text("{service} has had enough questions for now.", service=self.service), self._reset(headers)
            )
        if not 200 <= status < 300 and not 400 <= status < 500:
            raise TryLater(
                Text("{service} doesn't work at the moment ({status}).", service=self.service, status=status)
            )
        try:
            answer = json.loads(body)
            if status >= 400:
                raise _refused(status, answer)
            return shape.model_validate(answer)
        except (ValueError, RecursionError) as error:  # also ValidationError
            if status >= 400:
                raise Refused(status) from None
            raise self._nonsense(error) from None

    async def fetch(self, url: str, n_bytes: int) -> bytes | None:
        """A file, such as a picture; None when it can't be had or is longer."""
        try:
            status, _, body = await self._read(url, {}, n_bytes)
        except TryLater:
            return None
        return body if status == 200 else None

    async def _read(
        self, url: str, params: Mapping[str, str], n_bytes: int = MAX_BYTES
    ) -> tuple[int, httpx.Headers, bytes]:
        try:
            async with (
                asyncio.timeout(SECONDS),
                self.client.stream("GET", url, params=params or None, follow_redirects=False) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > n_bytes:
                        raise self._nonsense(ValueError("too long"))
                return response.status_code, response.headers, bytes(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise TryLater(
                Text("{service} can't be reached ({reason}).", service=self.service, reason=reason)
            ) from error

    def _nonsense(self, error: Exception) -> TryLater:
        wrong = nonsense(error)
        return TryLater(
            Text("What {service} answered can't be understood ({wrong}).", service=self.service, wrong=wrong)
        )

    def _reset(self, headers: httpx.Headers) -> float | None:
        """Seconds until a limit is lifted; None when it isn't said. As epoch seconds, as a date, or as a pause."""
        if (pause := headers.get("retry-after", "")).isdigit():
            return min(3600.0, float(pause))
        given = headers.get("ratelimit-reset") or headers.get("x-ratelimit-reset") or ""
        try:
            at = float(given) if given.isdigit() else datetime.fromisoformat(given).timestamp()
        except ValueError:
            return None
        return min(3600.0, max(1.0, at - self.clock() + 1))


async def keep_avatar(web: Web, url: str | None, path: Path) -> None:
    """Fetch an account's picture into the file, where it can be had."""
    if url is None:
        return
    data = await web.fetch(url, MAX_PICTURE)
    if data is not None and is_picture(data):
        await asyncio.to_thread(write_file, path, data)


def _refused(status: int, answer: object) -> Refused:
    known = answer if isinstance(answer, dict) else {}
    return Refused(status, str(known.get("error", "")), str(known.get("message", "")))
