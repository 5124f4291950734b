"""Accounts and posts of X, and how its API v2 writes them."""

from __future__ import annotations

import html
import string
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tests.doubles.networks.pictures import picture
from tests.doubles.networks.times import NEWEST, STEP, iso, letters, moments, number, snowflake

Json = dict[str, Any]
LONGEST, LONGEST_RETWEET = 280, 140  # characters of `text`, an ellipsis included


@dataclass(frozen=True)
class Tweet:
    """`retweet_of`, `reply_to` and `quote_of` are usernames; a reply to oneself goes on with a thread.

    `text` is what was written, before X escapes it; `note`, more than 280 characters, takes its place.
    """

    text: str = ""
    created_at: datetime | None = None
    id: int = 0
    retweet_of: str = ""
    reply_to: str = ""
    quote_of: str = ""
    note: str = ""
    media_only: bool = False
    lang: str = "en"

    def __post_init__(self) -> None:
        if self.note and len(self.note) <= LONGEST:
            raise ValueError(f"a note has more than {LONGEST} characters")


@dataclass
class XAccount:
    """`posts` in the order of writing. Those without a time are an hour apart, the last one at `times.NEWEST`."""

    username: str
    posts: list[Tweet] = field(default_factory=list)
    name: str = ""
    description: str = ""
    state: Literal["ok", "protected", "suspended"] = "ok"
    verified: bool = False
    avatar: bytes = b""
    id: str = ""

    def __post_init__(self) -> None:
        self.id = self.id or number(self.username.lower())
        self.name = self.name or self.username.title()
        self.avatar = self.avatar or picture(self.username)
        written, self.posts = self.posts, []
        for tweet, moment in zip(written, moments(len(written)), strict=True):
            self.post(replace(tweet, created_at=tweet.created_at or moment))

    def post(self, *tweets: Tweet) -> None:
        """More of them, each an hour after the last where it does not say when."""
        for tweet in tweets:
            last = self.posts[-1].created_at if self.posts else None
            moment = tweet.created_at or (last + STEP if last else NEWEST)
            made = tweet.id or snowflake(moment, len(self.posts))
            self.posts.append(replace(tweet, created_at=moment, id=made))

    def timeline(self) -> list[Tweet]:
        """Newest first."""
        return sorted(self.posts, key=lambda tweet: -tweet.id)

    def payload(self, url: str) -> Json:
        """Everything that can be asked for; `url` is the server's."""
        counts = {"followers_count": 12, "following_count": 7, "tweet_count": len(self.posts), "listed_count": 0}
        return {
            "id": self.id,
            "name": self.name,
            "username": self.username,
            "created_at": "2012-05-04T03:02:01.000Z",
            "description": self.description,
            "profile_image_url": f"{url}/pictures/{self.username}_normal.png",
            "protected": self.state == "protected",
            "public_metrics": counts,
            "verified": self.verified,
            "verified_type": "none",
        }


def tweet_payload(tweet: Tweet, account: XAccount) -> Json:
    """Everything that can be asked for."""
    assert tweet.created_at is not None
    whole: Json = {
        "id": str(tweet.id),
        "text": _text(tweet, account),
        "edit_history_tweet_ids": [str(tweet.id)],
        "author_id": account.id,
        "conversation_id": str(tweet.id),
        "created_at": iso(tweet.created_at),
        "lang": "zxx" if tweet.media_only else tweet.lang,
        "possibly_sensitive": False,
        "public_metrics": {"retweet_count": 0, "reply_count": 0, "like_count": 1, "quote_count": 0},
        "reply_settings": "everyone",
    }
    return whole | _relations(tweet, account)


def _relations(tweet: Tweet, account: XAccount) -> Json:
    """What is only there where it applies."""
    kinds = {"retweeted": tweet.retweet_of, "quoted": tweet.quote_of, "replied_to": tweet.reply_to}
    referenced = [{"type": kind, "id": str(tweet.id - (1 << 30))} for kind, other in kinds.items() if other]
    extra: Json = {"referenced_tweets": referenced} if referenced else {}
    if tweet.reply_to:
        own = tweet.reply_to == account.username
        extra["in_reply_to_user_id"] = account.id if own else number(tweet.reply_to.lower())
    if tweet.note:
        extra["note_tweet"] = {"text": html.escape(tweet.note, quote=False)}
    if tweet.media_only:
        extra["attachments"] = {"media_keys": [f"3_{tweet.id}"]}
    return extra


def _text(tweet: Tweet, account: XAccount) -> str:
    link = "https://t.co/" + letters(str(tweet.id), 10, string.ascii_letters + string.digits)
    if tweet.media_only:
        return link
    if tweet.retweet_of:
        return html.escape(_cut(f"RT @{tweet.retweet_of}: {tweet.text or tweet.note}", LONGEST_RETWEET), quote=False)
    text = f"{_cut(tweet.note, LONGEST)} {link}" if tweet.note else tweet.text
    if tweet.reply_to and tweet.reply_to != account.username and not text.startswith("@"):
        text = f"@{tweet.reply_to} {text}"
    return html.escape(f"{text} {link}" if tweet.quote_of else text, quote=False)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
