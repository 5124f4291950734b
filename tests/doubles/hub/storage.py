"""Where large files are: another host by its name, whose addresses are signed, so that it is shown no token."""

from __future__ import annotations

import hashlib
import re
from collections import Counter

from aiohttp import web

from tests.doubles.hub.faults import FAULT, Fault, Faults

CHUNK = 64 * 1024
SIGNATURE = "the-signature-of-an-address"
RANGE = re.compile(r"bytes=(\d+)-")


class Storage:
    """`received` and `sent` are bytes, by the content's SHA-256 and by the file's name."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.objects: dict[str, bytes] = {}
        self.received: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.parts: dict[str, dict[int, bytes]] = {}
        self.refusals: list[str] = []

    def add_to(self, router: web.UrlDispatcher) -> None:
        router.add_put("/storage/{oid}", self._put)
        router.add_put("/storage/{oid}/{part}", self._put)
        router.add_post("/storage/{oid}/complete", self._complete)
        router.add_get("/storage/{oid}", self._get)

    def _check(self, request: web.Request) -> None:
        if "Authorization" in request.headers:
            self.refusals.append(f"{request.method} {request.path}: the token was shown to the storage")
        if request.query.get("X-Amz-Signature") != SIGNATURE:
            raise web.HTTPForbidden(text=f"<Error><SignatureProvided>{SIGNATURE}</SignatureProvided></Error>")

    async def _put(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        oid, fault = request.match_info["oid"], request.get(FAULT)
        body = bytearray()
        while chunk := await request.content.read(CHUNK):
            body += chunk
            self.received[oid] += len(chunk)
            if fault and fault.after is not None and len(body) >= fault.after:
                return await self._cut(request, fault)
        if part := request.match_info.get("part"):
            self.parts.setdefault(oid, {})[int(part)] = bytes(body)
            return web.Response(headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
        return self._keep(oid, bytes(body))

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        parts = self.parts.pop(request.match_info["oid"])
        return self._keep(request.match_info["oid"], b"".join(parts[number] for number in sorted(parts)))

    def _keep(self, oid: str, data: bytes) -> web.Response:
        if hashlib.sha256(data).hexdigest() != oid:
            self.refusals.append(f"PUT {oid}: the content is another one")
            return web.Response(status=400)
        self.objects[oid] = data
        return web.Response()

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        return await self.send(request, request.query["filename"], self.objects[request.match_info["oid"]])

    async def send(self, request: web.Request, name: str, data: bytes, **headers: str) -> web.StreamResponse:
        """A file, or the rest of it from where the Range header says."""
        start = int(found[1]) if (found := RANGE.fullmatch(request.headers.get("Range", ""))) else 0
        partial = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if found else {}
        length = {"Content-Length": str(len(data) - start)}
        response = web.StreamResponse(status=206 if found else 200, headers=headers | partial | length)
        await response.prepare(request)
        if request.method == "HEAD":
            return response
        fault = request.get(FAULT)
        end = len(data) if fault is None or fault.after is None else start + fault.after
        await response.write(data[start:end])
        self.sent[name] += len(data[start:end])
        if end < len(data) and fault is not None:
            return await self._cut(request, fault)
        await response.write_eof()
        return response

    async def _cut(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        await self.faults.strike(fault)
        if request.transport is not None:
            request.transport.close()  # what was written still arrives
        return web.Response(status=502)  # goes nowhere
