"""Files on their way in: to the storage first where they are large, then all of them by one commit."""

from __future__ import annotations

import base64
import fnmatch
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.doubles.hub.access import Access, Refused
from tests.doubles.hub.repos import Blob, is_large
from tests.doubles.hub.storage import SIGNATURE

if TYPE_CHECKING:
    from tests.doubles.hub.server import FakeHub

FOREVER = 4_102_444_800  # epoch seconds of 2100


class Incoming:
    def __init__(self, hub: FakeHub, access: Access) -> None:
        self.hub, self.access = hub, access

    def add_to(self, router: web.UrlDispatcher, repo: str) -> None:
        api, lfs = f"/api/models/{repo}", f"/{repo}.git/info/lfs/objects"
        router.add_get(f"{api}/xet-write-token/{{revision}}", self._xet)
        router.add_post(f"{api}/preupload/{{revision}}", self._preupload)
        router.add_post(f"{api}/commit/{{revision}}", self._commit)
        router.add_post(f"{lfs}/batch", self._batch)
        router.add_post(f"{lfs}/verify", self._verify)

    async def _preupload(self, request: web.Request) -> web.StreamResponse:
        files = self.access.writable(request).head.files
        ignored = files[".gitignore"].data.decode().split() if ".gitignore" in files else []
        answers = []
        for file in (await request.json())["files"]:
            path, sample = file["path"], base64.b64decode(file["sample"])
            mode = "lfs" if is_large(path, file["size"], sample) else "regular"
            answer: dict[str, Any] = {"path": path, "uploadMode": mode}
            answer["shouldIgnore"] = any(fnmatch.fnmatch(path, pattern) for pattern in ignored)
            answers.append(answer | ({"oid": files[path].etag} if path in files else {}))
        return web.json_response({"files": answers})

    async def _batch(self, request: web.Request) -> web.StreamResponse:
        self.access.writable(request)
        objects = [self._object(request.match_info["repo"], one) for one in (await request.json())["objects"]]
        return web.json_response({"transfer": "basic", "objects": objects})

    def _object(self, repo: str, asked: dict[str, Any]) -> dict[str, Any]:
        """What is there already has no actions."""
        oid, size, query = asked["oid"], asked["size"], f"?X-Amz-Signature={SIGNATURE}"
        if oid in self.hub.storage.objects:
            return asked
        place, chunk = f"{self.hub.storage_url}/{oid}", self.hub.part_bytes
        upload: dict[str, Any] = {"href": place + query}
        if chunk and size > chunk:
            parts = {str(1 + start // chunk): f"{place}/{1 + start // chunk}{query}" for start in range(0, size, chunk)}
            upload = {"href": f"{place}/complete", "header": {"chunk_size": str(chunk)} | parts}
        verify = {"href": f"{self.hub.url}/{repo}.git/info/lfs/objects/verify"}
        return asked | {"actions": {"upload": upload, "verify": verify}}

    async def _verify(self, request: web.Request) -> web.StreamResponse:
        self.access.writable(request)
        return web.json_response({}, status=200 if (await request.json())["oid"] in self.hub.storage.objects else 404)

    async def _xet(self, request: web.Request) -> web.StreamResponse:
        self.access.writable(request)
        if self.hub.xet is None:
            raise Refused(404, "Not found")
        told = {"casUrl": f"local://{self.hub.xet}", "accessToken": "of-the-storage", "exp": FOREVER}
        headers = {"X-Xet-Cas-Url": told["casUrl"], "X-Xet-Access-Token": told["accessToken"]}
        return web.json_response(told, headers={**headers, "X-Xet-Token-Expiration": str(FOREVER)})  # type: ignore[arg-type]

    async def _commit(self, request: web.Request) -> web.StreamResponse:
        """All of it or nothing."""
        repo = self.access.writable(request)
        lines = [json.loads(line) for line in (await request.read()).splitlines()]
        files = dict(repo.head.files)
        for line in lines[1:]:
            self._apply(files, line["key"], line["value"])
        commit = repo.commit(lines[0]["value"]["summary"], files)
        url = f"{self.hub.url}/{repo.name}/commit/{commit.sha}"
        return web.json_response({"success": True, "commitOid": commit.sha, "commitUrl": url})

    def _apply(self, files: dict[str, Blob], key: str, value: dict[str, Any]) -> None:
        path = value["path"]
        if key == "file":
            files[path] = Blob(base64.b64decode(value["content"]))
        elif key == "lfsFile":
            files[path] = self._large(path, value["oid"], value["size"])
        elif files.pop(path, None) is None:
            raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")

    def _large(self, path: str, oid: str, size: int) -> Blob:
        if oid in self.hub.storage.objects:
            return Blob(self.hub.storage.objects[oid], large=True)
        if self.hub.xet is None:
            raise Refused(400, f"{path} points to a file that does not exist")
        return Blob(b"", large=True, claims=size, known_as=oid)  # in Xet's storage, which is not read here
