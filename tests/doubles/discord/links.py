"""Sockets of the gateway, and the sessions that outlive them."""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Json = dict[str, Any]
DISPATCH = 0


class Link:
    """One socket; what is sent is compressed and written in order by a task of its own."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, compress: bool) -> None:
        self.socket = socket
        self.session: Session | None = None
        self._transport = request.transport
        self._compressor = zlib.compressobj() if compress else None
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, payload: Json) -> None:
        self._queue.put_nowait(json.dumps(payload))

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while True:
                text = await self._queue.get()
                if self._compressor is None:
                    await self.socket.send_str(text)
                else:
                    data = self._compressor.compress(text.encode())
                    await self.socket.send_bytes(data + self._compressor.flush(zlib.Z_SYNC_FLUSH))

    def cut(self) -> None:
        """As when a cable is pulled: no goodbye."""
        self.detach()
        if self._transport is not None:
            self._transport.abort()

    def detach(self) -> None:
        self._writer.cancel()
        if self.session is not None and self.session.link is self:
            self.session.link = None


@dataclass(eq=False)
class Session:
    id: str
    shard: int
    count: int
    intents: int
    link: Link | None
    history: list[Json] = field(default_factory=list)  # all that was dispatched; place n has sequence n + 1

    def dispatch(self, event: str, data: Json) -> None:
        payload = {"op": DISPATCH, "t": event, "s": len(self.history) + 1, "d": data}
        self.history.append(payload)
        if self.link is not None:
            self.link.send(payload)
