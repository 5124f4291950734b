"""Bluesky as far as it is read here: AppView, PLC directory and PDS, all on one server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from tests.doubles.networks.bluesky_feed import item, passes
from tests.doubles.networks.bluesky_ids import cid_of
from tests.doubles.networks.bluesky_posts import DECLARATION, BlueskyAccount, BlueskyPost
from tests.doubles.networks.limits import Limit, Pages
from tests.doubles.networks.seen import Params, Refused, Reply, as_json
from tests.doubles.networks.server import Handler, Network
from tests.doubles.networks.times import iso

HANDLE = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
DID = r"did:plc:[a-z2-7]{24}"
CURSOR = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
NAMES = {400: "InvalidRequest", 401: "AuthenticationRequired", 402: "PaymentRequired", 403: "Forbidden"}
NAMES |= {404: "XRPCNotSupported", 405: "InvalidRequest", 429: "RateLimitExceeded", 500: "InternalServerError"}
MESSAGES = {429: "Rate Limit Exceeded", 404: "XRPCNotSupported", 500: "Internal Server Error"}
FILTERS = frozenset({"posts_with_replies", "posts_no_replies", "posts_with_media", "posts_and_author_threads"})
MOMENT = timedelta(milliseconds=1)  # the precision of cursors
AWAY = {
    "suspended": ("AccountTakedown", "Account has been suspended"),
    "deactivated": ("AccountDeactivated", "Account is deactivated"),
}


class FakeBluesky(Network):
    """`accounts` and their posts may change while it runs."""

    def __init__(self, *accounts: BlueskyAccount, pages: Pages | None = None) -> None:
        super().__init__()
        self.accounts, self.pages = list(accounts), pages or Pages()
        self.shapes += [{"feed": None}, {"feed": [{}]}, {"feed": [{"post": {"record": 5}}], "cursor": 7}, {"did": 5}]

    def routes(self) -> dict[str, Handler]:
        return {
            "/xrpc/app.bsky.actor.getProfile": self._profile,
            "/xrpc/app.bsky.feed.getAuthorFeed": self._feed,
            "/xrpc/com.atproto.identity.resolveHandle": self._resolve,
            "/xrpc/com.atproto.repo.getRecord": self._record,
            "/{did:did:.*}": self._document,
        }

    def authorise(self, header: str | None) -> None:
        if header is not None:
            raise Refused(self.error(401, "Malformed token"), "no login is needed, yet there was a token")

    def error(self, status: int, message: str = "") -> Reply:
        phrase = message or MESSAGES.get(status, HTTPStatus(status).phrase)
        return as_json({"error": NAMES[status], "message": phrase}, status)

    def complaint(self, name: str, value: str, why: str) -> Reply:
        return self.error(400, f"Error: {name} {why}")

    def limit_headers(self, limit: Limit) -> dict[str, str]:
        told = {"limit": limit.requests, "remaining": limit.remaining, "reset": limit.reset}
        policy = {"ratelimit-policy": f"{limit.requests};w={max(1, round(limit.seconds))}"}
        return {f"ratelimit-{name}": str(value) for name, value in told.items()} | policy

    def pictures(self, parts: Mapping[str, str], params: Params) -> Reply:
        account = self._find(parts["name"])
        return Reply(200, account.avatar, "image/png") if account else self.error(404)

    def _find(self, actor: str) -> BlueskyAccount | None:
        return next((each for each in self.accounts if actor.lower() in (each.handle.lower(), each.did)), None)

    def _actor(self, params: Params) -> BlueskyAccount:
        account = self._find(params.required("actor", f"{HANDLE}|{DID}"))
        if account is None:
            raise Refused(self.error(400, "Profile not found"))
        if account.state != "ok":
            name, message = AWAY[account.state]
            raise Refused(as_json({"error": name, "message": message}, 400))
        return account

    def _profile(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("actor")
        return as_json(self._actor(params).profile(self.url))

    def _resolve(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("handle")
        account = self._find(params.required("handle", HANDLE))
        return as_json({"did": account.did}) if account else self.error(400, "Unable to resolve handle")

    def _document(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only()
        Params({"did": parts["did"]}, self.complaint).required("did", DID)
        account = self._find(parts["did"])
        if account is None:
            return as_json({"message": f"DID not registered: {parts['did']}"}, 404)
        return as_json(account.document(self.url))

    def _record(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("repo", "collection", "rkey")
        repo, collection = params.required("repo", f"{HANDLE}|{DID}"), params.required("collection", r"[A-Za-z0-9.-]+")
        rkey = params.required("rkey", r"[A-Za-z0-9._:~-]{1,512}")
        account = self._find(repo)
        if account is None:
            return as_json({"error": "RepoNotFound", "message": f"Could not find repo: {repo}"}, 400)
        uri = f"at://{account.did}/{collection}/{rkey}"
        if account.declaration is None or (collection, rkey) != (DECLARATION, "self"):
            return as_json({"error": "RecordNotFound", "message": f"Could not locate record: {uri}"}, 400)
        return as_json({"uri": uri, "cid": cid_of(uri), "value": account.declaration})

    def _feed(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("actor", "limit", "cursor", "filter", "includePins")
        size, cursor = params.number("limit", 1, 100, 50), params.text("cursor", CURSOR)
        chosen = params.names("filter", FILTERS) or {"posts_with_replies"}
        if len(chosen) > 1:
            raise params.wrong("filter", "must be one only")
        account = self._actor(params)
        posts = sorted((p for p in account.posts if passes(p, account.handle, *chosen)), key=lambda post: post.at)[::-1]
        left = [post for post in posts if cursor is None or iso(post.at) < cursor]
        pinned = account.pinned if params.flag("includePins") and cursor is None else None
        return self._page(account, left, size, pinned)

    def _page(self, account: BlueskyAccount, left: list[BlueskyPost], size: int, pinned: BlueskyPost | None) -> Reply:
        """A pinned post comes first, in place of itself on this page or else besides a whole one."""
        page = left[: self.pages.size(size)]
        items = [item(post, account, self.url) for post in page if post is not pinned]
        if pinned is not None:
            items.insert(0, item(pinned, account, self.url, pinned=True))
        if len(page) == len(left) and not (page and self.pages.last_empty):
            return as_json({"feed": items})
        return as_json({"feed": items, "cursor": iso(page[-1].at if page else left[0].at + MOMENT)})
