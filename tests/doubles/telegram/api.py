"""The HTTP side of the Bot API: what is the same for every request, whatever it asks for."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.doubles.telegram.call import Call, read
from tests.doubles.telegram.checks import PARAMETERS
from tests.doubles.telegram.faults import Fault
from tests.doubles.telegram.methods_files import Media
from tests.doubles.telegram.methods_messages import Messages
from tests.doubles.telegram.methods_queries import Answers
from tests.doubles.telegram.methods_settings import Settings
from tests.doubles.telegram.methods_updates import Fetching
from tests.doubles.telegram.refused import Refused, too_many, wrong

if TYPE_CHECKING:
    from tests.doubles.telegram.world import World

Json = dict[str, Any]
Handler = Callable[[Call], Any]
SIGNS = re.compile(r"send\w+|edit\w+|deleteMessage|setMessageReaction")  # what people see of a bot in a chat


@dataclass(frozen=True)
class Request:
    """What is kept of one; `status` is the one that it would have got without a fault, 0 where it was not done."""

    method: str
    params: Json
    status: int
    at: float  # monotonic, when it came
    fault: str | None = None

    def __repr__(self) -> str:
        return f"{self.method} {self.params} -> {self.status}" + (f" ({self.fault})" if self.fault else "")


class Api:
    def __init__(self, world: World) -> None:
        self.world = world
        messages = Messages(world)
        groups = (Fetching(world), messages, Media(world, messages), Settings(world), Answers(world))
        self.handlers: dict[str, Handler] = {}
        for group in groups:
            self.handlers |= group.methods()

    def add_to(self, app: web.Application) -> None:
        app.router.add_route("*", "/bot{token:[^/]*}/{method}", self.answer)
        app.router.add_get("/file/bot{token:[^/]*}/{path:.+}", self.download)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method, came = request.match_info["method"], time.monotonic()
        refused = self._authorize(request.match_info["token"])
        if refused is not None:
            return _json(refused.body, refused.status)
        call, fault = Call(method, {}), self.world.faults.take(method)
        status, body = 0, Json()
        try:
            call = await self._read(request, method)
            await self.world.faults.held(method, before=True)
            if fault is None or fault.kind in ("lost", "lost_cut"):
                status, body = await self._do(call)
            await self.world.faults.held(method, before=False)
        finally:
            kept = Request(method, call.show(), status, came, fault.kind if fault else None)
            self.world.requests.append(kept)
            self.world.changes.tell()
        return _json(body, status) if fault is None else _faulty(request, fault)

    def _authorize(self, token: str) -> Refused | None:
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]{35}", token):
            return Refused(404, "Not Found")
        return None if token == self.world.token else Refused(401, "Unauthorized")

    async def _read(self, request: web.Request, method: str) -> Call:
        try:
            return await read(request, method)
        except (ValueError, Refused):
            return Call(method, {"": "unreadable"})  # an unknown parameter, and refused as such

    async def _do(self, call: Call) -> tuple[int, Json]:
        try:
            done = self._handler(call)(call)
            result = await done if inspect.isawaitable(done) else done
        except Refused as refused:
            return self._refuse(call, refused)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return self._refuse(call, wrong(f"can't parse the request: {error!r}"))
        self._react(call)
        return 200, {"ok": True, "result": result}

    def _refuse(self, call: Call, refused: Refused) -> tuple[int, Json]:
        if refused.blame:
            self.world.refusals.append(f"{call.method}: {refused} for {call.show()}")
        return refused.status, refused.body

    def _handler(self, call: Call) -> Handler:
        if call.method not in self.handlers:
            raise Refused(404, "Not Found", blame=True)
        unknown = sorted(set(call.params) - PARAMETERS[call.method])
        if unknown:
            raise wrong(f"unknown parameters {unknown}")
        if "business_connection_id" in call.params or "direct_messages_topic_id" in call.params:
            raise wrong("the fake knows no business accounts and no direct messages of channels")
        return self.handlers[call.method]

    def _react(self, call: Call) -> None:
        """Who waits in that chat has got a sign."""
        chat = self.world.chats.get(call.params.get("chat_id", 0))
        if chat is not None and SIGNS.fullmatch(call.method):
            for told in chat.waiting:
                told.react()
            chat.waiting.clear()

    async def download(self, request: web.Request) -> web.StreamResponse:
        fault = self.world.faults.take("download")
        if fault is not None:
            return _faulty(request, fault)
        await self.world.faults.held("download", before=True)
        file = self.world.files.at(request.match_info["path"])
        if file is None or request.match_info["token"] != self.world.token:
            return _json(Refused(404, "Not Found").body, 404)
        self.world.files.downloads.append(file.name)
        response = web.StreamResponse(headers={"Content-Type": "application/octet-stream"})
        response.content_length = file.size
        await response.prepare(request)
        for chunk in file.chunks():
            await response.write(chunk)
        await response.write_eof()
        return response


def _json(body: Json, status: int) -> web.Response:
    return web.json_response(body, status=status)


def _faulty(request: web.Request, fault: Fault) -> web.Response:
    if fault.kind in ("cut", "lost_cut"):
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)
    if fault.kind == "flood":
        return _json(too_many(fault.retry_after).body, 429)
    if fault.page:
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")
    refused = Refused(fault.status, fault.description) if fault.kind == "refused" else Refused(502, "Bad Gateway")
    return _json(refused.body, refused.status)
