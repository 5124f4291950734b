"""The fake as tests use it: a server for as long as it is entered."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.discord.people import People
from tests.doubles.discord.rest import BASE, Rest
from tests.doubles.discord.rest_application import ApplicationRoutes
from tests.doubles.discord.rest_channels import ChannelRoutes
from tests.doubles.discord.rest_interactions import Answers
from tests.doubles.discord.rest_webhooks import WebhookRoutes

MOST_SENT = 256 * 1024 * 1024  # bytes of one request: more than Discord takes, so that it can be refused as there


class FakeDiscord(People):
    """A small, strict Discord on 127.0.0.1."""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_SENT)
        app.router.add_get("/gateway", self.connections.handle)
        app.router.add_get("/gateway/", self.connections.handle)
        app.router.add_get("/cdn/attachments/{upload}/{filename}", self.cdn.serve)
        answers = Answers(self)
        groups = (ApplicationRoutes(self), ChannelRoutes(self), answers, WebhookRoutes(self, answers))
        Rest(self, [route for group in groups for route in group.routes()]).add_to(app)
        self._runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.base = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connections.cut(resumable=False)
        await self._runner.cleanup()

    @property
    def api_base(self) -> str:
        return self.base + BASE

    @property
    def gateway(self) -> str:
        return f"ws{self.base.removeprefix('http')}/gateway"

    async def connected(self, timeout: float = 10) -> None:
        """Until each of the bot's shards is there and has been told of its guilds."""
        links = self.connections
        await self.changes.until(lambda: links.complete, timeout, lambda: f"shards {sorted(links.sessions)}")

    async def until(self, holds: Callable[[], bool], timeout: float = 10) -> None:
        """Until something else holds; looked at whenever anything has changed."""
        await self.changes.until(holds, timeout, lambda: f"requests {self.requests[-20:]}")

    async def drop(self, resumable: bool = True) -> None:
        """Cuts every connection."""
        self.connections.cut(resumable)

    async def ask_reconnect(self) -> None:
        self.connections.ask_reconnect()

    async def duplicate(self) -> None:
        """Sends the last interaction once more, as it was."""
        self.connections.repeat_interaction()
