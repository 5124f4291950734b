"""The fake as tests use it: a server for as long as it is entered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.telegram.api import Api, Request
from tests.doubles.telegram.people import People

MOST_SENT = 256 * 1024 * 1024  # bytes of one request: more than Telegram takes, so that it can be refused as there
HOST = "127.0.0.1"


class FakeTelegram(People):
    """A small, strict Telegram Bot API server on 127.0.0.1."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_SENT)
        Api(self).add_to(app)
        # who has gone away does not poll any longer
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        self._port = 0
        await self._listen()
        self.webhook.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.webhook.stop()
        self.faults.clear()
        self._cut()
        await self._runner.cleanup()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]
        self.base = f"http://{HOST}:{self._port}"

    def _cut(self) -> None:
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    @asynccontextmanager
    async def unreachable(self) -> AsyncIterator[None]:
        """Nobody listens, open connections end, and no webhook is called."""
        self.webhook.paused = True
        await self._site.stop()
        self._cut()
        try:
            yield
        finally:
            await self._listen()
            self.webhook.paused = False
            self.changes.tell()

    @property
    def api_base(self) -> str:
        return f"{self.base}/bot"

    @property
    def file_base(self) -> str:
        return f"{self.base}/file/bot"

    def calls(self, method: str) -> list[Request]:
        return [request for request in self.requests if request.method == method]

    def advance(self, seconds: float) -> None:
        """For whatever becomes too old; limits and latencies go by the real time."""
        self.clock.advance(seconds)

    async def until(self, holds: Callable[[], object], seconds: float = 10) -> None:
        """Until something holds; looked at whenever anything has changed."""
        await self.changes.until(lambda: bool(holds()), seconds, self._picture)

    async def polled(self, seconds: float = 10) -> None:
        """Until the bot is there: it waits for updates, or has set a webhook."""
        await self.until(lambda: self.updates.polling or bool(self.webhook.url), seconds)

    def _picture(self) -> str:
        lines = [f"  {request}" for request in self.requests[-20:]] + [f"  refused: {each}" for each in self.refusals]
        return "\n".join(["the last requests:", *lines])
