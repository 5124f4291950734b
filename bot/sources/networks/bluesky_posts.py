"""The AppView's answers → posts. Pure.

Shapes: https://github.com/bluesky-social/atproto/tree/main/lexicons/app/bsky (actor/defs, feed/defs, richtext/facet).
"""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from bot.sources.networks.walk import network_post
from bot.sources.posts import parse_date
from trainer.corpus import Post

REPOST = "app.bsky.feed.defs#reasonRepost"
PIN = "app.bsky.feed.defs#reasonPin"
LINK = "app.bsky.richtext.facet#link"


class Label(BaseModel):
    val: str


class ProfileView(BaseModel):
    did: str
    handle: str
    display_name: str = Field("", alias="displayName")
    description: str = ""
    avatar: str | None = None
    posts_count: int = Field(0, alias="postsCount")
    labels: tuple[Label, ...] = ()


class _Span(BaseModel):
    start: int = Field(alias="byteStart", ge=0)
    end: int = Field(alias="byteEnd", ge=0)


class _Feature(BaseModel):
    type: str = Field("", alias="$type")
    uri: str = ""


class _Facet(BaseModel):
    index: _Span
    features: tuple[_Feature, ...] = ()


class _Record(BaseModel):
    text: str = ""
    created_at: str = Field("", alias="createdAt")
    langs: tuple[str, ...] | None = None
    facets: tuple[_Facet, ...] | None = None


class _Author(BaseModel):
    did: str


class _PostView(BaseModel):
    uri: str
    author: _Author
    record: _Record
    indexed_at: str = Field("", alias="indexedAt")


class _Reason(BaseModel):
    type: str = Field("", alias="$type")
    indexed_at: str = Field("", alias="indexedAt")


class FeedItem(BaseModel):
    post: _PostView
    reason: _Reason | None = None


class Feed(BaseModel):
    feed: tuple[FeedItem, ...]
    cursor: str | None = None


def feed_post(item: FeedItem, did: str) -> Post | None:
    """None for a pinned post, which comes again at its own place. Dated as the feed is ordered.

    What somebody else wrote is a repost, whatever the reason says.
    """
    reason = item.reason.type if item.reason else ""
    if reason == PIN:
        return None
    view, record = item.post, item.post.record
    reposted = reason == REPOST or view.author.did != did
    date = item.reason.indexed_at if item.reason and reposted else _sort_date(view)
    identity = f"{view.uri}#{date}" if reposted else view.uri
    language = record.langs[0] if record.langs and len(record.langs) == 1 else None
    return network_post(plain_text(record), reposted, date, identity, language)


def _sort_date(view: _PostView) -> str:
    """The earlier of when it says that it was written, and when it was seen."""
    dates = [date for date in (parse_date(view.record.created_at), parse_date(view.indexed_at)) if date]
    return min(dates, default=datetime.min).isoformat()


def plain_text(record: _Record) -> str:
    """The text with its links whole: apps show them cut short, like `example.org/a-lo...`.

    Facets count bytes of UTF-8; those that overlap or lie outside are passed over.
    """
    text, end = record.text.encode(), 0
    parts: list[bytes] = []
    for facet in sorted(record.facets or (), key=lambda one: one.index.start):
        start, stop = facet.index.start, facet.index.end
        link = next((one.uri for one in facet.features if one.type == LINK), "")
        if link.startswith("http") and end <= start < stop <= len(text) and _is_address(text[start:stop], link):
            parts += [text[end:start], link.encode()]
            end = stop
    return b"".join([*parts, text[end:]]).decode("utf-8", "replace")


def _is_address(shown: bytes, link: str) -> bool:
    """Whether a link's text is its address, perhaps cut; words that are linked stay words."""
    text = shown.decode("utf-8", "replace").removeprefix("https://").removeprefix("http://").rstrip(".…/")
    return bool(text) and link.split("//", 1)[-1].removeprefix("www.").startswith(text.removeprefix("www."))
