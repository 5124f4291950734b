"""Accounts and posts of Bluesky, and their records."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tests.doubles.networks.bluesky_ids import cid_of, did_of, record_key
from tests.doubles.networks.pictures import picture
from tests.doubles.networks.times import NEWEST, STEP, moments

Json = dict[str, Any]
DECLARATION = "org.user-intents.demo.declaration"


@dataclass(frozen=True)
class BlueskyPost:
    """`reply_to`, `repost_of` and `quote_of` are handles, also the account's own.

    Mentions and tags in `text` become facets; `links` are addresses that stand in it as `short_link(address)`.
    A repost shows `text` as what that other account has posted.
    """

    text: str = ""
    created_at: datetime | None = None
    langs: tuple[str, ...] = ("en",)
    links: tuple[str, ...] = ()
    reply_to: str = ""
    repost_of: str = ""
    quote_of: str = ""
    images: bool = False
    pinned: bool = False
    rkey: str = ""

    @property
    def at(self) -> datetime:
        """Of the post, or of the repost. Only for those of an account."""
        assert self.created_at is not None
        return self.created_at


@dataclass
class BlueskyAccount:
    """`posts` in the order of writing; those without a time are an hour apart, the last one at `times.NEWEST`.

    `declaration` is the record of that name, see `declared`. `pds`: an address other than the fake's own.
    """

    handle: str
    posts: list[BlueskyPost] = field(default_factory=list)
    display_name: str = ""
    description: str = ""
    state: Literal["ok", "suspended", "deactivated"] = "ok"
    no_unauthenticated: bool = False
    declaration: Json | None = None
    avatar: bytes = b""
    pds: str = ""
    did: str = ""

    def __post_init__(self) -> None:
        self.did = self.did or did_of(self.handle)
        self.display_name = self.display_name or self.handle.partition(".")[0].title()
        self.avatar = self.avatar or picture(self.handle)
        written, self.posts = self.posts, []
        for post, moment in zip(written, moments(len(written)), strict=True):
            self.post(replace(post, created_at=post.created_at or moment))

    def post(self, *posts: BlueskyPost) -> None:
        """More of them, each an hour after the last where it does not say when."""
        for post in posts:
            moment = post.created_at or (self.posts[-1].at + STEP if self.posts else NEWEST)
            rkey = post.rkey or record_key(moment, len(self.posts))
            self.posts.append(replace(post, created_at=moment, rkey=rkey))

    @property
    def pinned(self) -> BlueskyPost | None:
        return next((post for post in self.posts if post.pinned), None)

    def basic(self, url: str) -> Json:
        """How posts name their author."""
        avatar, created = f"{url}/pictures/{self.handle}.png", "2023-05-04T03:02:01.000Z"
        whole: Json = {"did": self.did, "handle": self.handle, "displayName": self.display_name, "avatar": avatar}
        return whole | {"labels": self._labels(), "createdAt": created}

    def profile(self, url: str) -> Json:
        counts = {"followersCount": 3, "followsCount": 2, "postsCount": len(self.posts)}
        more = {"description": self.description, "indexedAt": "2023-05-04T03:02:02.000Z"}
        return self.basic(url) | more | counts | {"associated": {"lists": 0, "feedgens": 0, "labeler": False}}

    def document(self, url: str) -> Json:
        """Of the DID."""
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": self.pds or url}
        known = {"@context": ["https://www.w3.org/ns/did/v1"], "id": self.did, "alsoKnownAs": [f"at://{self.handle}"]}
        return known | {"verificationMethod": [], "service": [service]}

    def _labels(self) -> list[Json]:
        if not self.no_unauthenticated:
            return []
        uri = f"at://{self.did}/app.bsky.actor.profile/self"
        times = {"cts": "2023-05-04T03:02:01.000Z"}
        return [{"src": self.did, "uri": uri, "cid": cid_of(uri), "val": "!no-unauthenticated"} | times]


def declared(allow: bool | None) -> Json:
    """The draft's record on what others may do with the posts; None: it says nothing of synthetic content."""
    when = "2026-01-02T03:04:05.000Z"
    said: Json = {} if allow is None else {"syntheticContentGeneration": {"allow": allow, "updatedAt": when}}
    return {"$type": DECLARATION, "updatedAt": when} | said
