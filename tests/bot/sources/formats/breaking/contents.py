"""What is in the files of each format, with a value broken here and there."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from random import Random

from tests.bot.sources.formats.breaking.values import STRANGE, break_value, dumped

_PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
_START = datetime(2023, 5, 1, 12, tzinfo=UTC)


def _texts(rng: Random) -> list[str]:
    words = [
        "the",
        "harbour",
        "lamp",
        "é",
        "灯台",
        "…",
        "&amp;",
        "https://t.co/abc",
        '"',
        ",",
        "🐚",
        "@bob",
        "#sea",
        "\n",
    ]
    return [" ".join(rng.choice(words) for _ in range(rng.randrange(1, 12))) for _ in range(rng.randrange(1, 9))]


def tweets(rng: Random) -> bytes:
    items = [
        {
            "tweet": {
                "id_str": str(number),
                "full_text": text,
                "created_at": "Mon May 01 12:00:00 +0000 2023",
                "lang": "en",
                "retweeted": False,
            }
        }
        for number, text in enumerate(_texts(rng))
    ]
    return b"window.YTD.tweets.part0 = " + dumped(break_value(items, rng), rng)


def x_members(rng: Random) -> dict[str, bytes]:
    notes = [{"noteTweet": {"createdAt": _START.isoformat(), "core": {"text": text}}} for text in _texts(rng)]
    account = [{"account": {"username": "pip", "accountDisplayName": "Pip", "accountId": "1"}}]
    bio = {"description": {"bio": "I shine."}, "avatarMediaUrl": "https://a.example/b/c.jpg"}
    kinds = {"note_tweet": notes, "account": account, "profile": [{"profile": bio}]}
    names = {"note_tweet": "note-tweet.js", "account": "account.js", "profile": "profile.js"}
    scripts = {
        f"data/{names[kind]}": f"window.YTD.{kind}.part0 = ".encode() + dumped(break_value(value, rng), rng)
        for kind, value in kinds.items()
    }
    parts = {f"data/tweets{part}.js": tweets(rng) for part in rng.choice([[""], ["", "-part1"], ["-part2", "-part10"]])}
    return {**scripts, **parts, "data/profile_media/1-c.jpg": b"\xff\xd8\xff\xe0 picture"}


def outbox(rng: Random) -> bytes:
    items: list[object] = [
        {
            "id": f"https://a.example/{number}",
            "type": "Create",
            "published": (_START + timedelta(days=number)).isoformat(),
            "to": [_PUBLIC],
            "cc": ["https://a.example/followers"],
            "object": {
                "id": f"https://a.example/{number}",
                "type": "Note",
                "summary": None,
                "content": f'<p>{text}<br><a href="https://b.example"><span class="invisible">https://</span>b</a></p>',
                "contentMap": {"en": text},
            },
        }
        for number, text in enumerate(_texts(rng))
    ]
    items.append({"id": "2", "type": "Announce", "to": [_PUBLIC], "object": "https://b.example/1"})
    whole = {"@context": "https://www.w3.org/ns/activitystreams", "id": "outbox.json", "type": "OrderedCollection"}
    return dumped(break_value({**whole, "totalItems": len(items), "orderedItems": items}, rng), rng)


def mastodon_members(rng: Random) -> dict[str, bytes]:
    actor = {"name": "Pip", "preferredUsername": "pip", "summary": "<p>I shine</p>"}
    icon = {"type": "Image", "mediaType": "image/png", "url": "avatar.png"}
    return {
        "outbox.json": outbox(rng),
        "actor.json": dumped(break_value({**actor, "icon": icon}, rng), rng),
        "avatar.png": b"\x89PNG\r\n\x1a\n picture",
    }


def result(rng: Random) -> bytes:
    messages = [
        {
            "id": number,
            "type": "message",
            "date": "2023-05-01T12:00:00",
            "date_unixtime": str(1_682_942_400 + number),
            "from": ("Ann", "Bob")[number % 2],
            "from_id": f"user{number % 2 + 1}",
            "text": rng.choice([text, ["see ", {"type": "link", "text": text}]]),
            "text_entities": [{"type": "plain", "text": text}],
        }
        for number, text in enumerate(_texts(rng))
    ]
    chat = {"name": "Bob", "type": "personal_chat", "id": 7, "messages": messages}
    user = {"user_id": 1, "first_name": "Ann", "last_name": "", "username": "@ann"}
    full = {"about": "…", "personal_information": user, "contacts": {"list": []}, "chats": {"list": [chat, dict(chat)]}}
    return dumped(break_value(rng.choice([chat, full]), rng), rng)


def telegram_members(rng: Random) -> dict[str, bytes]:
    return {"result.json": result(rng), "photos/photo_1.jpg": b"\xff\xd8\xff\xe0 picture"}


def jsonl(rng: Random) -> bytes:
    records = [{"id": 1, "text": text, "created_at": "2023-05-01", "lang": "en"} for text in _texts(rng)]
    return b"\n".join(dumped(break_value(record, rng), rng).replace(b"\n", b" ") for record in records)


def json_list(rng: Random) -> bytes:
    return dumped(break_value([{"full_text": text, "is_retweet": False} for text in _texts(rng)], rng), rng)


def table(rng: Random) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=rng.choice(",;\t"), quoting=rng.choice([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    writer.writerow(["id", rng.choice(["text", "quote", "full_text"]), "date", "lang"])
    rows: list[object] = [[str(number), text, "2023-05-01", "en"] for number, text in enumerate(_texts(rng))]
    broken = break_value(rows, rng)
    assert isinstance(broken, list)
    writer.writerows(row for row in broken if isinstance(row, list))
    return written.getvalue().encode("utf-8", "surrogatepass")


def text(rng: Random) -> bytes:
    strange = [str(rng.choice(STRANGE)) for _ in range(rng.randrange(3))]
    return "\n".join([*_texts(rng), *strange]).encode("utf-8", "surrogatepass")
