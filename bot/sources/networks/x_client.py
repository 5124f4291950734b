"""X's API v2 through tweepy: two questions, typed answers, errors in plain words.

https://docs.x.com/x-api/users/lookup, https://docs.x.com/x-api/posts/timelines
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import tweepy
from pydantic import BaseModel
from tweepy.asynchronous import AsyncClient

from bot.errors import NotFound, OperatorError
from bot.settings import X_API
from bot.sources.networks.patience import TryLater, nonsense
from bot.sources.networks.x_answers import TweetsAnswer, Uncharged, UserAnswer
from bot.texts import Text

MAX_BYTES = 16 * 1024 * 1024  # of one answer
SECONDS = aiohttp.ClientTimeout(total=60, sock_read=30)
USER_FIELDS = ["description", "profile_image_url", "protected", "public_metrics"]
TWEET_FIELDS = ["created_at", "lang", "note_tweet", "referenced_tweets"]
T = TypeVar("T", bound=BaseModel)


@dataclass(frozen=True)
class Session:
    """What tweepy asks for: requests to X's host go to `api_base`."""

    session: aiohttp.ClientSession
    api_base: str

    def request(self, method: str, url: str, **options: Any) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        address = url.replace("https://api.twitter.com", self.api_base, 1)
        return self.session.request(method, address, allow_redirects=False, **options)


class _Bounded(aiohttp.ClientResponse):
    """Gives up on an answer that is longer than any."""

    async def read(self) -> bytes:
        if self._body is None:
            data = bytearray()
            async for chunk in self.content.iter_chunked(1 << 16):
                data += chunk
                if len(data) > MAX_BYTES:
                    self.close()
                    raise aiohttp.ClientPayloadError("the answer is too long")
            self._body = bytes(data)
        return self._body


@dataclass
class XClient:
    """One per process; its session is opened when it is first needed."""

    token: str
    api_base: str = X_API
    clock: Callable[[], float] = time.time
    _session: aiohttp.ClientSession | None = None

    async def user(self, name: str) -> UserAnswer:
        return await self._ask(lambda client: client.get_user(username=name, user_fields=USER_FIELDS), UserAnswer)

    async def tweets(
        self, user: str, n: int, *, since: str | None, until: str | None, token: str | None
    ) -> TweetsAnswer:
        """Of the newest, `n` (5 to 100) with ids between the two, both excluded; `token` goes on from an answer."""
        limits = {"since_id": since, "until_id": until, "pagination_token": token}
        given = {key: value for key, value in limits.items() if value is not None}
        return await self._ask(
            lambda client: client.get_users_tweets(user, max_results=n, tweet_fields=TWEET_FIELDS, **given),
            TweetsAnswer,
        )

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, question: Callable[[AsyncClient], Awaitable[object]], shape: type[T]) -> T:
        """Raises TryLater, NotFound or OperatorError; its cause is Uncharged where X has answered with an error."""
        try:
            answer = await question(self._client())
            return shape.model_validate(answer)
        except tweepy.TooManyRequests as error:
            reset = error.reset_time
            raise _explained(429, None if reset is None else max(1.0, reset - self.clock() + 1)) from Uncharged()
        except tweepy.HTTPException as error:
            raise _explained(error.response.status, None, _detail(error)) from Uncharged()
        except aiohttp.ContentTypeError as error:
            if error.status >= 400:
                raise _explained(error.status, None) from Uncharged()
            raise _nonsense(error) from error
        except (ValueError, RecursionError, TypeError, AttributeError) as error:
            raise _nonsense(error) from error
        except aiohttp.ClientConnectorError as error:  # nothing was sent
            raise _unreachable(error) from Uncharged()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _unreachable(error, paid=True) from error

    def _client(self) -> AsyncClient:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=SECONDS, response_class=_Bounded)
            # aiohttp sends a GET again in silence when its connection ends: paid for twice, and counted once.
            self._session._retry_connection = False
        client = AsyncClient(self.token, return_type=dict)
        client.session = Session(self._session, self.api_base)
        return client


def _detail(error: tweepy.HTTPException) -> str:
    return " ".join(str(error).split())[:200]


def _unreachable(error: Exception, paid: bool = False) -> TryLater:
    reason = str(error) or type(error).__name__
    return TryLater(Text("{service} can't be reached ({reason}).", service="X", reason=reason), paid=paid)


def _nonsense(error: Exception) -> TryLater:
    wrong = nonsense(error)
    return TryLater(Text("What {service} answered can't be understood ({wrong}).", service="X", wrong=wrong), paid=True)


def _explained(status: int, seconds: float | None, detail: str = "") -> Exception:
    if status == 429:
        return TryLater(Text("{service} has had enough questions for now.", service="X"), seconds)
    if not 400 <= status < 500:
        return TryLater(Text("{service} doesn't work at the moment ({status}).", service="X", status=status))
    if status == 404:
        return NotFound(Text("That account is on X no more."))
    reasons = {
        401: "X refuses the bearer token (401). Put the one of your app (console.x.com) into sources.x.token, or "
        "into MYNAH_SOURCES__X__TOKEN.",
        402: "Your X account has no credits left (402). Buy some at console.x.com, then train again: what was read is "
        "kept.",
        403: f"X doesn't let your app read this (403: {detail}). Look at its plan and project at console.x.com.",
    }
    return OperatorError(reasons.get(status, f"X refuses what it was asked ({status}: {detail}). Please report this."))
