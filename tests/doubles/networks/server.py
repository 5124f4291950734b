"""What is the same for every network: a server on this machine that notes, refuses and fails."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self

from aiohttp import web

from tests.doubles.networks.faults import LOST, Condition, Fault, Plan
from tests.doubles.networks.limits import Limit
from tests.doubles.networks.seen import Params, Refused, Reply, Seen, as_json
from tests.doubles.networks.wire import CANNED, transmit

HOST = "127.0.0.1"
# (the parts of the path that vary, the query) -> the answer
Handler = Callable[[Mapping[str, str], Params], Reply]
STATUSES = {Fault.S401: 401, Fault.S402: 402, Fault.S403: 403, Fault.S404: 404, Fault.S500: 500}


class Network(ABC):
    """Served while it is entered, at `url`. `refusals` has a line for whatever a correct client never sends."""

    def __init__(self) -> None:
        self.requests: list[Seen] = []
        self.refusals: list[str] = []
        self.followed: list[str] = []  # the Authorization headers, or "", of those who followed a REDIRECT
        self.limit: Limit | None = None
        self.retry_in = 1.0  # seconds, which S429 tells
        self.shapes: list[object] = [[], None, 17, "a text", {}, {"data": {}}]  # for WRONG_SHAPE
        self._plan = Plan()

    @abstractmethod
    def routes(self) -> dict[str, Handler]:
        """By path; what varies is in braces."""

    @abstractmethod
    def pictures(self, parts: Mapping[str, str], params: Params) -> Reply:
        """The avatar at `/pictures/{name}.png`."""

    @abstractmethod
    def error(self, status: int, message: str = "") -> Reply:
        """As the network says it."""

    @abstractmethod
    def complaint(self, name: str, value: str, why: str) -> Reply:
        """About a parameter."""

    @abstractmethod
    def limit_headers(self, limit: Limit) -> dict[str, str]: ...

    @abstractmethod
    def authorise(self, header: str | None) -> None:
        """Looks at the Authorization header. Raises Refused."""

    def fail_next(self, *faults: Fault | None) -> None:
        """The next requests, one fault for each; None lets one pass."""
        self._plan.queue.extend(faults)

    def fail_while(self, condition: Condition, fault: Fault = Fault.S503) -> None:
        """Every request for which the condition holds, once nothing is left of `fail_next`."""
        self._plan.lasting.append((condition, fault))

    def recover(self) -> None:
        """Nothing planned fails any longer."""
        self._plan = Plan()

    async def __aenter__(self) -> Self:
        self._stopped = asyncio.Event()
        app = web.Application()
        for path, handler in self.routes().items():
            app.router.add_route("*", path, partial(self._answer, handler))
        app.router.add_route("*", "/pictures/{name}.png", partial(self._answer, self.pictures))
        app.router.add_route("*", "/elsewhere", self._elsewhere)
        app.router.add_route("*", "/{unknown:.*}", partial(self._answer, None))
        # who has gone away is not waited for any longer
        self._runner = web.AppRunner(app, shutdown_timeout=0.5, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://{HOST}:{self.port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await self._runner.cleanup()

    async def _answer(self, handler: Handler | None, request: web.Request) -> web.StreamResponse:
        seen = Seen(request.path, dict(request.query), time.monotonic(), request.method)
        self.requests.append(seen)
        fault = seen.fault = self._plan.take(seen)
        reply = self._reply(handler, request) if fault is None or fault in LOST else self._failure(fault)
        return await transmit(fault, request, seen, reply, self._stopped)

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse:
        self.followed.append(request.headers.get("Authorization", ""))
        return web.json_response({})

    def _failure(self, fault: Fault) -> Reply:
        if fault is Fault.WRONG_SHAPE:
            self.shapes.append(shape := self.shapes.pop(0))
            return as_json(shape)
        if fault is Fault.REDIRECT:  # another host by its name
            return Reply(302, b"", "text/plain", {"Location": f"http://localhost:{self.port}/elsewhere"})
        if fault in (Fault.S429, Fault.S429_BARE):
            return self._too_many(Limit(0, self.retry_in, headers=fault is Fault.S429))
        return self.error(STATUSES[fault]) if fault in STATUSES else CANNED.get(fault, Reply(200, b""))

    def _reply(self, handler: Handler | None, request: web.Request) -> Reply:
        try:
            return self._with_limit(self._handle(handler, request))
        except Refused as refused:
            if refused.blame:
                self.refusals.append(f"{request.method} {request.path}: {refused.blame}")
            return self._with_limit(refused.reply)

    def _handle(self, handler: Handler | None, request: web.Request) -> Reply:
        if handler is None:
            raise Refused(self.error(404), "there is no such route")
        if request.method != "GET":
            raise Refused(self.error(405), "only GET is known")
        self._check_sender(handler, request)
        for name in request.query:
            if len(request.query.getall(name)) > 1:
                raise Refused(self.complaint(name, "", "is there twice"), f"{name} is there twice")
        return handler(request.match_info, Params(dict(request.query), self.complaint))

    def _check_sender(self, handler: Handler, request: web.Request) -> None:
        """Pictures are on another host in truth: no limits, and the token is none of its business."""
        header = request.headers.get("Authorization")
        if handler != self.pictures:
            self.authorise(header)
            if self.limit is not None and not self.limit.take():
                raise Refused(self._too_many(self.limit))
        elif header is not None:
            raise Refused(self.error(400), "the token was sent to the host of the pictures")

    def _too_many(self, limit: Limit) -> Reply:
        if not limit.running:  # the answer is a fault, not one of `self.limit`
            limit.take()
        return replace(self.error(429), headers=self.limit_headers(limit) if limit.headers else {})

    def _with_limit(self, reply: Reply) -> Reply:
        if self.limit is None or not self.limit.headers or not self.limit.running:
            return reply
        return replace(reply, headers={**self.limit_headers(self.limit), **reply.headers})
