"""Posts of Bluesky as their records in a repository."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from tests.doubles.networks.bluesky_ids import cid_of, did_of, record_key
from tests.doubles.networks.bluesky_posts import BlueskyPost
from tests.doubles.networks.times import STEP, iso

Json = dict[str, Any]
_MENTION = re.compile(r"@([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
_TAG = re.compile(r"#([^\s#.,!?]+)")


def short_link(address: str) -> str:
    """As its app shows one: without the scheme, and no more than 13 characters of a long path."""
    parts = urlsplit(address)
    path = address.partition(parts.netloc)[2].removesuffix("/")
    return parts.netloc + (path if len(path) <= 15 else path[:13] + "...")


def record(post: BlueskyPost, own: str) -> Json:
    """What the author's PDS keeps; `own` is the author's handle."""
    whole: Json = {"$type": "app.bsky.feed.post", "text": post.text, "createdAt": iso(post.at)}
    whole |= {"langs": list(post.langs)} if post.langs else {}
    facets = _facets(post)
    whole |= {"facets": facets} if facets else {}
    if post.reply_to:
        parent = reference(post.reply_to, post)
        whole["reply"] = {"root": parent, "parent": parent}
    if post.quote_of:
        whole["embed"] = {"$type": "app.bsky.embed.record", "record": reference(post.quote_of, post)}
    if post.images:
        blob = {"$type": "blob", "ref": {"$link": cid_of(own + post.rkey)}, "mimeType": "image/png", "size": 1234}
        whole["embed"] = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}
    return whole


def reference(handle: str, post: BlueskyPost) -> Json:
    """An earlier post of that account's, which this one answers or quotes."""
    uri = f"at://{did_of(handle)}/app.bsky.feed.post/{record_key(post.at - STEP / 2, 1)}"
    return {"uri": uri, "cid": cid_of(uri)}


def _facets(post: BlueskyPost) -> list[Json]:
    found = [_facet(post, post.text.index(short_link(link)), short_link(link), "link", uri=link) for link in post.links]
    for match in _MENTION.finditer(post.text):
        found.append(_facet(post, match.start(), match[0], "mention", did=did_of(match[1])))
    for match in _TAG.finditer(post.text):
        found.append(_facet(post, match.start(), match[0], "tag", tag=match[1]))
    return sorted(found, key=lambda facet: int(facet["index"]["byteStart"]))


def _facet(post: BlueskyPost, start: int, shown: str, kind: str, **feature: str) -> Json:
    """Its place is counted in bytes of UTF-8."""
    before = len(post.text[:start].encode())
    index = {"byteStart": before, "byteEnd": before + len(shown.encode())}
    features = [{"$type": f"app.bsky.richtext.facet#{kind}"} | feature]
    return {"$type": "app.bsky.richtext.facet", "index": index, "features": features}
