"""The items of an account's feed, as the AppView shows them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.doubles.networks.bluesky_ids import cid_of, did_of
from tests.doubles.networks.bluesky_posts import BlueskyAccount, BlueskyPost
from tests.doubles.networks.bluesky_records import record, reference
from tests.doubles.networks.times import STEP, iso

Json = dict[str, Any]
ASKED = "What did the fog say?"  # the post that a reply answers


def passes(post: BlueskyPost, own: str, filter_name: str) -> bool:
    """`own` is the account's handle. Reposts are only left out where media are asked for."""
    if filter_name == "posts_with_media":
        return post.images and not post.repost_of
    if filter_name == "posts_with_replies" or post.repost_of or not post.reply_to:
        return True
    return filter_name == "posts_and_author_threads" and post.reply_to == own


def item(post: BlueskyPost, account: BlueskyAccount, url: str, pinned: bool = False) -> Json:
    if post.repost_of:
        return _repost(post, account, url)
    whole: Json = {"post": _view(post, account.handle, account.basic(url))}
    if post.reply_to:
        whole["reply"] = _answered(post, account, url)
    return whole | ({"reason": {"$type": "app.bsky.feed.defs#reasonPin"}} if pinned else {})


def _repost(post: BlueskyPost, account: BlueskyAccount, url: str) -> Json:
    """Of something half an hour older, of somebody else or of one's own."""
    uri = f"at://{account.did}/app.bsky.feed.repost/{post.rkey}"
    reason = {"$type": "app.bsky.feed.defs#reasonRepost", "by": account.basic(url), "indexedAt": iso(post.at)}
    original = replace(post, created_at=post.at - STEP / 2, reply_to="", quote_of="")
    author = account.basic(url) if post.repost_of == account.handle else _somebody(post.repost_of)
    return {"post": _view(original, post.repost_of, author), "reason": reason | {"uri": uri, "cid": cid_of(uri)}}


def _view(post: BlueskyPost, handle: str, author: Json) -> Json:
    uri = f"at://{author['did']}/app.bsky.feed.post/{post.rkey}"
    counts = {"replyCount": 0, "repostCount": 0, "likeCount": 1, "quoteCount": 0, "bookmarkCount": 0}
    view = {"uri": uri, "cid": cid_of(uri), "author": author, "record": record(post, handle)}
    return view | counts | {"indexedAt": iso(post.at), "labels": []}


def _answered(post: BlueskyPost, account: BlueskyAccount, url: str) -> Json:
    author = account.basic(url) if post.reply_to == account.handle else _somebody(post.reply_to)
    asked = BlueskyPost(ASKED, post.at - STEP / 2)
    view = _view(asked, post.reply_to, author) | reference(post.reply_to, post)
    seen = {"$type": "app.bsky.feed.defs#postView"} | view
    return {"root": seen, "parent": seen}


def _somebody(handle: str) -> Json:
    """Not one of the server's accounts."""
    return {"did": did_of(handle), "handle": handle, "displayName": handle.partition(".")[0], "labels": []}
