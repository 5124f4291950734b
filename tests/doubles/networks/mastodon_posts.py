"""Accounts and posts of Mastodon, and how an instance writes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tests.doubles.networks.mastodon_html import as_html, mentioned
from tests.doubles.networks.pictures import picture
from tests.doubles.networks.times import NEWEST, STEP, iso, milliseconds, moments, number

Json = dict[str, Any]


@dataclass(frozen=True)
class MastodonPost:
    """`reply_to` and `boost_of` are names such as bob or bob@other.example, also the account's own.

    Mentions, tags and links in `text` become HTML; `content` is HTML that takes its place. A boost shows `text` as
    what that other account has posted.
    """

    text: str = ""
    created_at: datetime | None = None
    id: int = 0
    reply_to: str = ""
    boost_of: str = ""
    visibility: Literal["public", "unlisted", "private", "direct"] = "public"
    spoiler_text: str = ""
    language: str | None = "en"
    media: bool = False
    content: str = ""

    @property
    def at(self) -> datetime:
        """Only of those of an account."""
        assert self.created_at is not None
        return self.created_at


@dataclass
class MastodonAccount:
    """`posts` in the order of writing; those without a time are an hour apart, the last one at `times.NEWEST`.

    A suspended one can be looked up, one that is gone can't. `note` is plain text. `indexable` and `noindex` are what
    its owner has chosen.
    """

    username: str
    posts: list[MastodonPost] = field(default_factory=list)
    display_name: str = ""
    note: str = ""
    state: Literal["ok", "suspended", "gone"] = "ok"
    locked: bool = False
    indexable: bool = True
    noindex: bool = False
    bot: bool = False
    avatar: bytes = b""
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or number(self.username.lower(), 18)
        self.display_name = self.display_name or self.username.title()
        self.avatar = self.avatar or picture(self.username)
        written, self.posts = self.posts, []
        for post, moment in zip(written, moments(len(written)), strict=True):
            self.post(replace(post, created_at=post.created_at or moment))

    def post(self, *posts: MastodonPost) -> None:
        """More of them, each an hour after the last where it does not say when."""
        for post in posts:
            moment = post.created_at or (self.posts[-1].at + STEP if self.posts else NEWEST)
            self.posts.append(replace(post, created_at=moment, id=post.id or status_id(moment, len(self.posts))))

    def timeline(self) -> list[MastodonPost]:
        """What people see who are not logged in, newest first."""
        shown = [post for post in self.posts if post.visibility in ("public", "unlisted")]
        return sorted(shown, key=lambda post: -post.id)

    def payload(self, url: str) -> Json:
        suspended = self.state == "suspended"
        face = "" if suspended else f"{url}/pictures/{self.username}.png"
        whole = _account(self.id, self.username, url) | {
            "display_name": "" if suspended else self.display_name,
            "locked": self.locked,
            "bot": self.bot,
            "indexable": self.indexable,
            "noindex": self.noindex,
            "note": "" if suspended else as_html(self.note, url),
            "avatar": face,
            "avatar_static": face,
            "statuses_count": 0 if suspended else len(self.posts),
        }
        return whole | ({"suspended": True} if suspended else {})


def _account(identity: str, acct: str, url: str) -> Json:
    """What all have, also those of other instances."""
    name, _, domain = acct.partition("@")
    lists: Json = {"emojis": [], "fields": [], "roles": []}
    known = {"id": identity, "username": name, "acct": acct, "display_name": name.title(), "note": ""}
    page = f"https://{domain}/@{name}" if domain else f"{url}/@{name}"
    return known | lists | {"url": page, "uri": page, "created_at": "2022-11-04T00:00:00.000Z", "statuses_count": 1}


def status_id(moment: datetime, sequence: int) -> int:
    """As Mastodon forms one: milliseconds, then 16 bits."""
    return milliseconds(moment) << 16 | sequence & 0xFFFF


def status(post: MastodonPost, account: MastodonAccount, url: str) -> Json:
    if post.boost_of:
        return _boost(post, account, url)
    content = post.content or as_html(_addressed(post, account), url)
    media = [{"id": str(post.id), "type": "image", "url": f"{url}/pictures/{account.username}.png"}] * post.media
    return _status(post, account.payload(url), url) | {"content": content, "media_attachments": media}


def _addressed(post: MastodonPost, account: MastodonAccount) -> str:
    """A reply to somebody else begins with their name."""
    if not post.reply_to or post.reply_to == account.username or post.text.startswith("@"):
        return post.text
    return f"@{post.reply_to} {post.text}"


def _boost(post: MastodonPost, account: MastodonAccount, url: str) -> Json:
    """The status boosted is half an hour older, somebody else's or one's own."""
    own = post.boost_of == account.username
    author = account.payload(url) if own else _account(number(post.boost_of, 18), post.boost_of, url)
    moment = post.at - STEP / 2
    original = replace(post, created_at=moment, id=status_id(moment, 1), boost_of="", reply_to="")
    boosted = _status(original, author, url) | {"content": post.content or as_html(post.text, url)}
    return _status(post, account.payload(url), url) | {"content": "", "spoiler_text": "", "reblog": boosted}


def _status(post: MastodonPost, author: Json, url: str) -> Json:
    answered = str(status_id(post.at - STEP / 2, 1)) if post.reply_to else None
    own = post.reply_to == author["username"]
    to = (author["id"] if own else number(post.reply_to, 18)) if post.reply_to else None
    return {
        "id": str(post.id),
        "created_at": iso(post.at),
        "in_reply_to_id": answered,
        "in_reply_to_account_id": to,
        "sensitive": bool(post.spoiler_text),
        "spoiler_text": post.spoiler_text,
        "visibility": post.visibility,
        "language": post.language,
        "uri": f"{url}/users/{author['username']}/statuses/{post.id}",
        "url": f"{author['url']}/{post.id}",
        "edited_at": None,
        "content": "",
        "reblog": None,
        "account": author,
        "media_attachments": [],
        "mentions": [{"acct": name, "username": name.partition("@")[0]} for name in mentioned(post.text)],
    }
