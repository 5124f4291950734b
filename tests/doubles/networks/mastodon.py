"""Mastodon as far as it is read here: an account by its name, and its statuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Literal
from urllib.parse import urlencode

from tests.doubles.networks.limits import Limit
from tests.doubles.networks.mastodon_posts import MastodonAccount, MastodonPost, status
from tests.doubles.networks.seen import Params, Refused, Reply, as_json
from tests.doubles.networks.server import Handler, Network

MOST = 40  # statuses on a page; who asks for more gets so many
ERRORS = {
    401: "The access token is invalid",
    403: "This action is not allowed",
    404: "Record not found",
    410: "Gone",
    422: "This method requires an authenticated user",
    429: "Too many requests",
    500: "Something went wrong on our end",
}
OPTIONS = ("limit", "max_id", "since_id", "min_id", "exclude_replies", "exclude_reblogs")
ID = "[0-9]{1,20}"


@dataclass(frozen=True)
class Range:
    """Statuses between two ids, neither included. `upwards`: those next to the lower end, not the newest."""

    after: int
    before: int
    upwards: bool

    def page(self, posts: list[MastodonPost], limit: int) -> list[MastodonPost]:
        """`posts` and the answer are newest first."""
        within = [post for post in posts if self.after < post.id < self.before]
        return within[-limit:] if self.upwards else within[:limit]


class FakeMastodon(Network):
    """`accounts` and their posts may change while it runs. `domain` is the one in full names: pip@reef.example.

    `demands` is how it refuses who isn't logged in; None: everybody may read. With a `token` one can log in.
    """

    def __init__(
        self,
        *accounts: MastodonAccount,
        domain: str = "reef.example",
        demands: Literal[401, 422] | None = None,
        token: str | None = None,
    ) -> None:
        super().__init__()
        self.accounts, self.domain, self.demands, self.token = list(accounts), domain, demands, token
        self.shapes += [[{}], [None], [{"id": 5, "content": None}], {"id": 5, "acct": None}]

    def routes(self) -> dict[str, Handler]:
        return {"/api/v1/accounts/lookup": self._lookup, "/api/v1/accounts/{id}/statuses": self._statuses}

    def authorise(self, header: str | None) -> None:
        if header is not None and (self.token is None or header != f"Bearer {self.token}"):
            raise Refused(self.error(401), "the access token is wrong")
        if header is None and self.demands is not None:
            raise Refused(self.error(self.demands))

    def error(self, status: int, message: str = "") -> Reply:
        return as_json({"error": message or ERRORS.get(status, HTTPStatus(status).phrase)}, status)

    def complaint(self, name: str, value: str, why: str) -> Reply:
        return self.error(400, f"{name} {why}")

    def limit_headers(self, limit: Limit) -> dict[str, str]:
        reset = datetime.fromtimestamp(limit.reset, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        told = {"Limit": str(limit.requests), "Remaining": str(limit.remaining), "Reset": reset}
        return {f"X-RateLimit-{name}": value for name, value in told.items()}

    def pictures(self, parts: Mapping[str, str], params: Params) -> Reply:
        account = next((each for each in self.accounts if each.username == parts["name"]), None)
        return Reply(200, account.avatar, "image/png") if account else self.error(404)

    def _lookup(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("acct")
        name, _, domain = params.required("acct", r"[A-Za-z0-9_.-]+(@[A-Za-z0-9.:-]+)?").partition("@")
        found = (each for each in self.accounts if each.username.lower() == name.lower())
        account = next(found, None) if domain in ("", self.domain) else None
        if account is None:
            return self.error(404)
        return self.error(410) if account.state == "gone" else as_json(account.payload(self.url))

    def _statuses(self, parts: Mapping[str, str], params: Params) -> Reply:
        Params({"id": parts["id"]}, self.complaint).required("id", ID)
        params.only(*OPTIONS)
        limit, wanted = min(MOST, params.number("limit", 1, 1 << 31, 20)), _range(params)
        no_replies, no_boosts = params.flag("exclude_replies"), params.flag("exclude_reblogs")
        account = next((each for each in self.accounts if each.id == parts["id"]), None)
        if account is None or account.state != "ok":
            return self.error(404 if account is None else 410)
        page = wanted.page(_chosen(account, no_replies, no_boosts), limit)
        said = {"limit": str(limit)} | ({"exclude_replies": "true"} if no_replies else {})
        links = self._links(account, page, limit, said)
        return as_json([status(post, account, self.url) for post in page], headers={"Link": links} if links else {})

    def _links(self, account: MastodonAccount, page: list[MastodonPost], limit: int, said: Mapping[str, str]) -> str:
        """As Mastodon has it: the next page only after a full one, and without `exclude_reblogs`."""
        if not page:
            return ""
        at = f"{self.url}/api/v1/accounts/{account.id}/statuses"
        ends = [("next", "max_id", page[-1])] if len(page) == limit else []
        ends.append(("prev", "min_id", page[0]))
        return ", ".join(f'<{at}?{urlencode({**said, name: post.id})}>; rel="{rel}"' for rel, name, post in ends)


def _range(params: Params) -> Range:
    before, since, least = (params.text(name, ID) for name in ("max_id", "since_id", "min_id"))
    return Range(int(least or since or 0), int(before or 1 << 64), upwards=least is not None)


def _chosen(account: MastodonAccount, no_replies: bool, no_boosts: bool) -> list[MastodonPost]:
    """Replies to oneself stay, as there."""
    own = ("", account.username)
    posts = [post for post in account.timeline() if not no_replies or post.reply_to in own]
    return [post for post in posts if not no_boosts or not post.boost_of]
