"""How an answer gets to the client, or does not."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import replace

from aiohttp import web

from tests.doubles.networks.faults import Fault
from tests.doubles.networks.seen import Reply, Seen

HUGE = 200_000_000  # bytes
CHUNK = 1 << 18
NO_LINGER = struct.pack("ii", 1, 0)  # struct linger: closing sends a reset instead of an orderly end
PORTAL = b"<!DOCTYPE html><html><head><title>Welcome aboard</title></head><body>Log in to use the ferry's wi-fi.</body>"
BROKEN = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
CANNED = {
    Fault.HTML: Reply(200, PORTAL, "text/html; charset=utf-8"),
    Fault.HTML_502: Reply(502, BROKEN, "text/html"),
    Fault.EMPTY: Reply(200, b""),
    Fault.DEEP: Reply(200, b"[" * 1_000_000),
    Fault.S503: Reply(503, b"upstream connect error or disconnect before headers", "text/plain"),
}


async def transmit(
    fault: Fault | None, request: web.Request, seen: Seen, reply: Reply, stopped: asyncio.Event
) -> web.StreamResponse:
    """Sends `reply` whole, unless the fault is one of the connection or of the body."""
    if fault in (Fault.STALL, Fault.CLOSE):
        return await _refuse_to_answer(request, stopped, stalls=fault is Fault.STALL)
    seen.status = reply.status
    if fault in (Fault.SLOW_BODY, Fault.RESET):
        return await _send_half(request, seen, reply, stopped, stalls=fault is Fault.SLOW_BODY)
    if fault is Fault.HUGE:
        return await _send_huge(request, seen)
    if fault is Fault.HALF_JSON:
        reply = replace(reply, body=reply.body[: len(reply.body) // 2])
    seen.sent = len(reply.body)
    return web.Response(status=reply.status, body=reply.body, headers=_headers(reply))


def _headers(reply: Reply) -> dict[str, str]:
    return {"Content-Type": reply.content_type, **reply.headers}


async def _refuse_to_answer(request: web.Request, stopped: asyncio.Event, stalls: bool) -> web.StreamResponse:
    if stalls:
        await stopped.wait()
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)  # goes nowhere


async def _send_half(
    request: web.Request, seen: Seen, reply: Reply, stopped: asyncio.Event, stalls: bool
) -> web.StreamResponse:
    response = web.StreamResponse(status=reply.status, headers=_headers(reply))
    response.content_length = len(reply.body)
    await response.prepare(request)
    await response.write(reply.body[: len(reply.body) // 2])
    seen.sent = len(reply.body) // 2
    if stalls:
        await stopped.wait()
    else:
        await asyncio.sleep(0.02)  # a reset overtakes what the client has not read yet
        _reset(request)
    return response


def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        request.transport.abort()


async def _send_huge(request: web.Request, seen: Seen) -> web.StreamResponse:
    """A string in JSON that does not end; `seen.sent` tells how much of it was taken."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"data": "')
    chunk = b"a" * CHUNK
    while seen.sent < HUGE:
        await response.write(chunk)
        seen.sent += CHUNK
    await response.write(b'"}')
    return response
