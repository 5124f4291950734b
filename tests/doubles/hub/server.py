"""The fake as tests use it: a server for as long as it is entered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.hub.access import Account, Refused
from tests.doubles.hub.api import Api
from tests.doubles.hub.faults import FAULT, HEADERS, Fault, Faults
from tests.doubles.hub.repos import Repo
from tests.doubles.hub.storage import Storage

HOST = "127.0.0.1"
MOST_SENT = 256 * 1024 * 1024  # bytes of one request
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FakeHub:
    """`url` is its endpoint. `refusals` has a line for whatever a correct client never sends.

    `part_bytes`: larger files are to be sent in parts of so many. `xet`: the folder of a Xet storage, if it has one.
    """

    def __init__(self, *repos: Repo, part_bytes: int | None = None, xet: Path | None = None) -> None:
        self.repos = {repo.name: repo for repo in repos}
        self.accounts = {"pips-token": Account("pip", ("harbour",)), "reading-token": Account("pip", reads_only=True)}
        self.part_bytes, self.xet = part_bytes, xet
        self.requests: list[str] = []
        self.faults = Faults()
        self.storage = Storage(self.faults)
        for blob in (blob for repo in repos for blob in repo.head.files.values() if blob.large):
            self.storage.objects[blob.sha256] = blob.data

    @property
    def refusals(self) -> list[str]:
        return self.storage.refusals

    def fail(self, part: str, fault: Fault, times: int = 1) -> None:
        """The next requests whose "METHOD /path" has this part."""
        self.faults.planned.append((part, fault, times))

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=MOST_SENT, middlewares=[self._guard])
        self.storage.add_to(app.router)
        Api(self).add_to(app.router)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        port = self._runner.addresses[0][1]
        self.url, self.storage_url = f"http://{HOST}:{port}", f"http://localhost:{port}/storage"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.stopped.set()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await self._runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        self.requests.append(line)
        fault = self.faults.take(line)
        if fault is not None and fault.status:
            return web.json_response({"error": "on purpose"}, status=fault.status, headers=HEADERS.get(fault.status))
        if fault is not None:
            request[FAULT] = fault
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response({"error": str(refused)}, status=refused.status, headers=refused.headers)
