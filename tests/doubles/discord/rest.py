"""The REST API: what is the same for every request, whatever it asks for."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.doubles.discord.faults import Fault
from tests.doubles.discord.refused import Refused
from tests.doubles.discord.sending import File, Sent

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]
BASE = "/api/v10"


@dataclass(frozen=True)
class Request:
    """What is kept of one."""

    at: float
    method: str
    path: str
    status: int


@dataclass(frozen=True)
class Call:
    """One request, read."""

    path: str
    names: dict[str, str]
    query: dict[str, str]
    payload: Any
    files: list[File]

    def id(self, name: str) -> int:
        text = self.names[name]
        if not text.isdecimal():
            raise Refused(400, 50035, f"{text!r} is no snowflake", blame=True)
        return int(text)

    def flag(self, name: str) -> bool:
        return self.query.get(name, "").lower() in ("1", "true")

    def sent(self, payload: Json | None = None, drops_embeds: bool = False) -> Sent:
        return Sent(self.payload if payload is None else payload, self.files, drops_embeds)


Handler = Callable[[Call], Any]


@dataclass(frozen=True)
class Route:
    """`handler` returns what is sent as JSON, nothing for 204."""

    method: str
    path: str
    handler: Handler
    token: bool = True  # the bot's has to be given
    status: int = 200


class Rest:
    """Answers all requests under /api/v10."""

    def __init__(self, world: World, routes: list[Route]) -> None:
        self.world = world
        self.routes = routes
        self._excused: set[str] = set()  # paths at which a deed was done although the answer said otherwise

    def add_to(self, app: web.Application) -> None:
        for route in self.routes:
            app.router.add_route(route.method, BASE + route.path, self._answering(route))
        app.router.add_route("*", BASE + "/{rest:.*}", self._answering(Route("*", "/", _nowhere, token=False)))

    def _answering(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            path = request.path.removeprefix(BASE)
            await asyncio.sleep(self.world.faults.delay_of(path))
            fault = self.world.faults.next(request.method, path)
            response = await self._answer(route, request, path, fault)
            self._note(request.method, path, response.status)
            return response

        return answer

    def _note(self, method: str, path: str, status: int) -> None:
        self.world.requests.append(Request(self.world.clock.now(), method, path, status))
        self.world.changes.tell()

    async def _answer(self, route: Route, request: web.Request, path: str, fault: Fault | None) -> web.Response:
        call = await _read(request, path)
        if fault is not None and not fault.after:
            return _refusal(fault.refusal())
        response = self._do(route, request, call)
        if fault is not None and response.status < 300:
            self._excused.add(path)
            return _refusal(fault.refusal())
        return response

    def _do(self, route: Route, request: web.Request, call: Call) -> web.Response:
        headers: dict[str, str] = {}
        try:
            if route.token:
                self._authorize(request)
            headers = self._limit(route, call)
            done = route.handler(call)
        except Refused as refused:
            self._blame(request.method, call.path, refused)
            return _refusal(refused, headers)
        if done is None:
            return web.Response(status=204, headers=headers)
        return _json(done, route.status, headers)

    def _blame(self, method: str, path: str, refused: Refused) -> None:
        again = refused.body["code"] == 40060 and path in self._excused
        if refused.blame and not again:
            self.world.refusals.append(f"{method} {path}: {refused}")

    def _authorize(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self.world.token}":
            raise Refused(401, 0, "401: Unauthorized", blame=True)

    def _limit(self, route: Route, call: Call) -> dict[str, str]:
        """Interactions have no limits of their own."""
        major = call.names.get("channel") or call.names.get("webhook")
        if major is None or major == str(self.world.application_id) or route.path.startswith("/interactions"):
            return {}
        return self.world.limits.take(route.method, route.path, major)


def _nowhere(call: Call) -> None:
    raise Refused(404, 0, f"404: the fake knows no {call.path}", blame=True)


def _json(body: Any, status: int, headers: dict[str, str]) -> web.Response:
    # discord.py reads JSON only where the type is this and nothing more
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json", headers=headers)


def _refusal(refused: Refused, headers: dict[str, str] | None = None) -> web.Response:
    extra = {"Via": "1.1 fake"} | (headers or {})
    response = _json(refused.body, refused.status, extra)
    if refused.status == 429:
        after = refused.body["retry_after"]
        response.headers.update({"Retry-After": str(max(1, round(after))), "X-RateLimit-Reset-After": str(after)})
        response.headers.update({"X-RateLimit-Scope": "user", "X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "0"})
    return response


async def _read(request: web.Request, path: str) -> Call:
    payload: Any = {}
    files: list[File] = []
    if request.content_type == "multipart/form-data":
        form = await request.post()
        payload = json.loads(str(form.get("payload_json", "{}")))
        files = [_file(name, part) for name, part in form.items() if isinstance(part, web.FileField)]
    elif request.can_read_body:
        payload = await request.json()
    return Call(path, dict(request.match_info), dict(request.query), payload, files)


def _file(name: str, part: web.FileField) -> File:
    match = re.fullmatch(r"files\[(\d+)\]", name)
    return File(int(match[1]) if match else 0, part.filename, part.file.read(), part.content_type)
