"""The hub's own routes: accounts, repositories, and their files on their way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from tests.doubles.hub.access import Access, Refused
from tests.doubles.hub.incoming import Incoming
from tests.doubles.hub.repos import GIT_ATTRIBUTES, Blob, Repo
from tests.doubles.hub.storage import SIGNATURE

if TYPE_CHECKING:
    from tests.doubles.hub.server import FakeHub

REPO = r"{repo:[\w.-]+(?:/[\w.-]+)?}"


class Api:
    def __init__(self, hub: FakeHub) -> None:
        self.hub = hub
        self.access = Access(hub.accounts, hub.repos)

    def add_to(self, router: web.UrlDispatcher) -> None:
        api = f"/api/models/{REPO}"
        router.add_get("/api/whoami-v2", self._whoami)
        router.add_post("/api/repos/create", self._create)
        router.add_post("/api/validate-yaml", self._validate)
        router.add_get(f"{api}/revision/{{revision}}", self._info)
        router.add_get(f"{api}/tree/{{revision}}", self._tree)
        Incoming(self.hub, self.access).add_to(router, REPO)
        router.add_get(api, self._info)
        router.add_get(f"/{REPO}/resolve/{{revision}}/{{path:.+}}", self._resolve)

    async def _whoami(self, request: web.Request) -> web.StreamResponse:
        account = self.access.account(request)
        if account is None:
            raise Refused(401, "Invalid username or password.")
        organisations = [{"type": "org", "name": name} for name in account.organisations]
        return web.json_response({"type": "user", "name": account.name, "orgs": organisations})

    async def _create(self, request: web.Request) -> web.StreamResponse:
        asked, account = await request.json(), self.access.account(request)
        name = f"{asked['organization'] or (account.name if account else '')}/{asked['name']}"
        self.access.check_writer(account, name)
        url = {"url": f"{self.hub.url}/{name}"}
        if name in self.hub.repos:
            return web.json_response({"error": "You already created this model repo"} | url, status=409)
        repo = self.hub.repos[name] = Repo(name, private=asked.get("visibility") == "private")
        repo.commit("initial commit", {".gitattributes": Blob(GIT_ATTRIBUTES)})
        return web.json_response(url)

    async def _info(self, request: web.Request) -> web.StreamResponse:
        repo, commit = self.access.at(request)
        blobs = request.query.get("blobs") == "true"
        siblings = [blob.sibling(path) if blobs else {"rfilename": path} for path, blob in commit.files.items()]
        told = {"id": repo.name, "modelId": repo.name, "private": repo.private, "gated": repo.gated and "manual"}
        return web.json_response(told | {"sha": commit.sha, "siblings": siblings, "tags": [], "downloads": 0})

    async def _tree(self, request: web.Request) -> web.StreamResponse:
        _, commit = self.access.at(request)
        return web.json_response([blob.entry(path) for path, blob in commit.files.items()])

    async def _validate(self, request: web.Request) -> web.StreamResponse:
        fine = (await request.json())["content"].startswith("---\n")
        return web.json_response({"errors": [], "warnings": [] if fine else [{"message": "empty or missing yaml"}]})

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        _, commit = self.access.at(request)
        path = request.match_info["path"]
        blob = commit.files.get(path)
        if blob is None:
            raise Refused(404, "Entry not found", "EntryNotFound")
        headers = {"X-Repo-Commit": commit.sha, "ETag": f'"{blob.etag}"'}
        if not blob.large:
            return await self.hub.storage.send(request, path, blob.data, **headers)
        headers |= {"X-Linked-Etag": f'"{blob.sha256}"', "X-Linked-Size": str(blob.size)}
        place = f"{self.hub.storage_url}/{blob.sha256}?X-Amz-Signature={SIGNATURE}&filename={path}"
        return web.Response(status=302, headers=headers | {"Location": place})
