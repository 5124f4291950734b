"""Files, and the place from which they are downloaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

CHUNK = 1 << 14


@dataclass(eq=False)
class Upload:
    """A file of `size` bytes; beyond its data it goes on with zeros, which are nowhere kept."""

    id: int
    filename: str
    data: bytes
    content_type: str
    size: int
    base: str
    description: str | None = None
    ephemeral: bool = False

    @property
    def url(self) -> str:
        return f"{self.base}/cdn/attachments/{self.id}/{self.filename}"

    def __deepcopy__(self, memo: Any) -> Upload:
        return self  # never changed, and may be large

    def payload(self) -> dict[str, Any]:
        whole = {"id": str(self.id), "filename": self.filename, "size": self.size, "content_type": self.content_type}
        whole |= {"url": self.url, "proxy_url": self.url, "ephemeral": self.ephemeral}
        return whole | ({"description": self.description} if self.description else {})

    def chunks(self) -> Iterator[bytes]:
        for start in range(0, self.size, CHUNK):
            end = min(start + CHUNK, self.size)
            yield self.data[start:end].ljust(end - start, b"\0")


@dataclass
class Cdn:
    """Serves uploads; `reads` are the bytes that were sent, of which some may wait in buffers still."""

    uploads: dict[int, Upload] = field(default_factory=dict)
    reads: int = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        upload = self.uploads.get(int(request.match_info["upload"]))
        if upload is None:
            return web.Response(status=404, text="This content is no longer available.")
        response = web.StreamResponse(headers={"Content-Type": upload.content_type})
        response.content_length = upload.size
        await response.prepare(request)
        for chunk in upload.chunks():
            await response.write(chunk)
            self.reads += len(chunk)
        await response.write_eof()
        return response
