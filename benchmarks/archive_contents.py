"""What benchmarks.archives fills archives with: invented posts, in the shape and size that networks give them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

BLOCK = 5000  # posts that are written again and again

_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_TEXT = (
    "The harbour was quiet this morning, so I counted {n} gulls on the roof of the boathouse and told them all of it"
)
_START = datetime(2015, 1, 1, tzinfo=UTC)


def tweet(n: int) -> str:
    """About what X's archive has for a post."""
    text = _TEXT.format(n=n)
    entities: dict[str, list[object]] = {"hashtags": [], "symbols": [], "user_mentions": [], "urls": []}
    edits = {"initial": {"editTweetIds": [str(n)], "editableUntil": "2015-01-01T00:00:00.000Z", "editsRemaining": "5"}}
    return json.dumps(
        {
            "tweet": {
                "edit_info": edits,
                "retweeted": False,
                "source": '<a href="https://mobile.example" rel="nofollow">An app</a>',
                "entities": entities,
                "display_text_range": ["0", str(len(text))],
                "favorite_count": "3",
                "id_str": str(10**18 + n),
                "truncated": False,
                "retweet_count": "0",
                "id": str(10**18 + n),
                "created_at": (_START + timedelta(minutes=n)).strftime("%a %b %d %H:%M:%S +0000 %Y"),
                "favorited": False,
                "full_text": text,
                "lang": "en",
            }
        },
        indent=1,
    )


def status(n: int) -> str:
    """About what Mastodon's outbox has for a post."""
    place = f"https://a.example/users/pip/statuses/{n}"
    content = f"<p>{_TEXT.format(n=n)}<br />and <a href='https://b.example'>went home</a></p>"
    note: dict[str, object] = {
        "id": place,
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "content": content,
        "tag": [],
    }
    note |= {"contentMap": {"en": content}, "attachment": [], "sensitive": False, "url": place, "to": [_PUBLIC]}
    date = (_START + timedelta(minutes=n)).isoformat()
    return json.dumps({"id": place, "type": "Create", "published": date, "to": [_PUBLIC], "cc": [], "object": note})


def message(n: int) -> str:
    """About what Telegram Desktop exports for a message."""
    text = _TEXT.format(n=n)
    who = {"from": "Ann", "from_id": "user1"} if n % 2 else {"from": "Bob", "from_id": "user2"}
    date = _START + timedelta(minutes=n)
    dates = {"date": date.isoformat()[:19], "date_unixtime": str(int(date.timestamp()))}
    entities = [{"type": "plain", "text": text}]
    return json.dumps({"id": n, "type": "message", **dates, **who, "text": text, "text_entities": entities}, indent=1)


def record(n: int) -> str:
    date = (_START + timedelta(minutes=n)).isoformat()
    return json.dumps({"id": n, "text": _TEXT.format(n=n), "created_at": date, "lang": "en"})


def pieces(n_bytes: int, start: str, post: Callable[[int], str], between: str, end: str) -> Iterator[tuple[bytes, int]]:
    """A file of so many bytes, a piece at a time, with the number of posts in each."""
    block = between.join(post(n) for n in range(BLOCK)).encode()
    left = n_bytes // (len(block) + len(between))
    yield start.encode() + block, BLOCK
    for _ in range(left - 1):
        yield between.encode() + block, BLOCK
    yield end.encode(), 0


Pieces = Callable[[int], Iterator[tuple[bytes, int]]]


def tweets(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, "window.YTD.tweets.part0 = [", tweet, ",\n", "]")


def outbox(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, '{"id":"outbox.json","type":"OrderedCollection","orderedItems":[', status, ",", "]}")


def result(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, '{"name":"Bob","type":"personal_chat","id":2,"messages":[', message, ",\n", "]}")


def jsonl(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, "", record, "\n", "\n")


def table(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, "id,text,date\n", lambda n: f'{n},"{_TEXT.format(n=n)}",2015-01-01', "\n", "\n")


def text(n_bytes: int) -> Iterator[tuple[bytes, int]]:
    return pieces(n_bytes, "", lambda n: _TEXT.format(n=n), "\n", "\n")
