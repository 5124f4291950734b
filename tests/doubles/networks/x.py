"""X's API v2 as far as it is read here: an account by its name, and what it has posted."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from tests.doubles.networks.limits import Limit, Pages
from tests.doubles.networks.seen import Json, Params, Refused, Reply, as_json
from tests.doubles.networks.server import Handler, Network
from tests.doubles.networks.x_answers import (
    EXCLUDABLE,
    PROBLEMS,
    TWEET_FIELDS,
    USER_FIELDS,
    asked_for,
    no_user,
    not_authorised,
    page_reply,
)
from tests.doubles.networks.x_posts import Tweet, XAccount, tweet_payload

REACH, REACH_WITHOUT_REPLIES = 3200, 800  # the latest posts of an account that can be read at all
PAGE_OPTIONS = ("exclude", "max_results", "pagination_token", "since_id", "until_id", "tweet.fields")


@dataclass
class Bill:
    """What was handed out: X charges for it also when the answer was lost on its way."""

    posts: int = 0
    users: int = 0


@dataclass(frozen=True)
class Asked:
    """Of whom, and which posts: what a pagination_token is good for."""

    account: str
    since: int
    until: int
    exclude: frozenset[str]

    def selects(self, tweet: Tweet) -> bool:
        if not self.since < tweet.id < self.until:
            return False
        return not (("retweets" in self.exclude and tweet.retweet_of) or ("replies" in self.exclude and tweet.reply_to))


class FakeX(Network):
    """`accounts` and their posts may change while it runs."""

    def __init__(self, *accounts: XAccount, token: str = "secret-token", pages: Pages | None = None) -> None:
        super().__init__()
        self.accounts, self.token, self.pages = list(accounts), token, pages or Pages()
        self.bill = Bill()
        self.shapes += [{"data": [{}]}, {"data": [{"id": 5, "text": None}], "meta": []}, {"data": "a text", "meta": 1}]
        self._tokens: dict[str, tuple[Asked, int]] = {}  # what was asked, and the id that the page before ended with

    def routes(self) -> dict[str, Handler]:
        return {"/2/users/by/username/{username}": self._user, "/2/users/{id}/tweets": self._tweets}

    def authorise(self, header: str | None) -> None:
        if header != f"Bearer {self.token}":
            raise Refused(self.error(401), "the bearer token is missing or wrong")

    def error(self, status: int, message: str = "") -> Reply:
        title = "CreditsDepleted" if status == 402 else HTTPStatus(status).phrase
        detail = "Your enrolled account does not have any credits to fulfill this request."
        body: Json = {"title": title, "detail": message or (detail if status == 402 else title), "status": status}
        return as_json(body | {"type": f"{PROBLEMS}/credits" if status == 402 else "about:blank"}, status)

    def complaint(self, name: str, value: str, why: str) -> Reply:
        error = {"parameters": {name: [value]}, "message": f"The `{name}` query parameter value [{value}] {why}"}
        detail = "One or more parameters to your request was invalid."
        body = {"errors": [error], "title": "Invalid Request", "detail": detail, "type": f"{PROBLEMS}/invalid-request"}
        return as_json(body, 400)

    def limit_headers(self, limit: Limit) -> dict[str, str]:
        told = {"limit": limit.requests, "remaining": limit.remaining, "reset": limit.reset}
        return {f"x-rate-limit-{name}": str(value) for name, value in told.items()}

    def pictures(self, parts: Mapping[str, str], params: Params) -> Reply:
        username = parts["name"].removesuffix("_normal").removesuffix("_400x400")
        account = next((each for each in self.accounts if each.username == username), None)
        return Reply(200, account.avatar, "image/png") if account else self.error(404)

    def _user(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only("user.fields")
        fields = params.names("user.fields", USER_FIELDS)
        name = _checked(self, "username", parts["username"], r"[A-Za-z0-9_]{1,15}")
        account = next((each for each in self.accounts if each.username.lower() == name.lower()), None)
        if account is None or account.state == "suspended":
            return no_user("username", name, suspended=account is not None)
        self.bill.users += 1
        return as_json({"data": asked_for(account.payload(self.url), fields | {"id", "name", "username"})})

    def _tweets(self, parts: Mapping[str, str], params: Params) -> Reply:
        params.only(*PAGE_OPTIONS)
        size = params.number("max_results", 5, 100, 10)
        fields = params.names("tweet.fields", TWEET_FIELDS) | {"id", "text", "edit_history_tweet_ids"}
        asked = _read(params, _checked(self, "id", parts["id"], "[0-9]{1,19}"))
        before = self._position(asked, params)
        account = next((each for each in self.accounts if each.id == asked.account), None)
        if account is None or account.state == "suspended":
            return no_user("id", asked.account, suspended=account is not None)
        if account.state == "protected":
            return not_authorised(account)
        tweets, token = self._page(account, asked, before, size)
        self.bill.posts += len(tweets)
        return page_reply([asked_for(tweet_payload(tweet, account), fields) for tweet in tweets], token)

    def _position(self, asked: Asked, params: Params) -> int:
        token = params.text("pagination_token", "[a-z0-9]{1,64}")
        if token is None:
            return asked.until
        known, before = self._tokens.get(token, (None, 0))
        if known != asked:
            raise params.wrong("pagination_token", "is not valid for this query")
        return before

    def _page(self, account: XAccount, asked: Asked, before: int, size: int) -> tuple[list[Tweet], str]:
        """And the token of the next one, or ""."""
        reachable = account.timeline()[: REACH_WITHOUT_REPLIES if "replies" in asked.exclude else REACH]
        left = [tweet for tweet in reachable if asked.selects(tweet) and tweet.id < before]
        page = left[: self.pages.size(size)]
        if len(page) == len(left) and not (page and self.pages.last_empty):
            return page, ""
        token = b32encode(hashlib.sha256(f"{self.pages.served} {asked}".encode()).digest()[:20]).decode().lower()
        self._tokens[token] = (asked, page[-1].id if page else before)
        return page, token


def _read(params: Params, account: str) -> Asked:
    since, until = params.text("since_id", "[0-9]{1,19}"), params.text("until_id", "[0-9]{1,19}")
    return Asked(account, int(since or 0), int(until or 1 << 63), params.names("exclude", EXCLUDABLE))


def _checked(server: FakeX, name: str, value: str, pattern: str) -> str:
    """A part of the path."""
    return Params({name: value}, server.complaint).required(name, pattern)
