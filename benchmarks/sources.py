"""One account in every form in which posts come, counted by the recipe's rules: the same numbers, whatever the source.

    python -m benchmarks.sources [--posts berniesanders.jsonl …]

The account is @pip_the_lighthouse, a sample; networks are small servers on this machine, asked through the real
clients. --posts adds files of one's own.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import tempfile
import zipfile
from collections.abc import Callable
from html import escape
from pathlib import Path

from benchmarks.report import print_report
from bot.domain import AccountSource
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference
from bot.sources.samples import SampleSource
from tests.bot.sources.networks.town import town
from tests.doubles.networks import (
    BlueskyAccount,
    BlueskyPost,
    FakeBluesky,
    FakeMastodon,
    FakeX,
    MastodonAccount,
    MastodonPost,
    Tweet,
    XAccount,
)
from trainer.corpus import Post, clean

PIP = "pip_the_lighthouse"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
Row = tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=Path, nargs="*", default=[], help="files of posts to count as well")
    asyncio.run(report(parser.parse_args().posts))


async def report(extra: list[Path]) -> None:
    sample = await SampleSource().fetch(AccountSource(PIP, f"sample:{PIP}"), 0, unheard)
    rows = [counted("sample", sample)]
    with tempfile.TemporaryDirectory() as folder:
        for name, write in FORMS.items():
            place, part = write(Path(folder), sample)
            rows.append(counted(name, await read(place, part)))
        rows += [counted(name, posts) for name, posts in await networks(Path(folder), sample)]
    rows += [counted(path.name, await read(path)) for path in extra]
    head = ("source", "downloaded", "retweets", "short", "kept", "characters kept")
    print_report(f"@{PIP} through every source, as the reference recipe counts", [head, *rows])


async def read(path: Path, part: str | None = None) -> list[Post]:
    account = AccountSource("pip", file_reference("pip", path).reference, part=part)
    return await FileSource().fetch(account, 0, unheard)


def counted(name: str, posts: list[Post]) -> Row:
    counts = clean("pip", posts).counts
    figures = (counts.downloaded, counts.retweets, counts.short, counts.kept, counts.characters)
    return (name, *(f"{n:,}" for n in figures))


def x_zip(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/tweets.js", _script(posts[::2], 0))
        archive.writestr("data/tweets-part1.js", _script(posts[1::2], 1))
    return path, None


def x_folder(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    (folder / "archive" / "data").mkdir(parents=True)
    (folder / "archive" / "data" / "tweets.js").write_text(_script(posts, 0))
    return folder / "archive", None


def x_script(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    (folder / "tweets.js").write_text(_script(posts, 0))
    return folder / "tweets.js", None


def _script(posts: list[Post], part: int) -> str:
    tweets = [{"tweet": {"full_text": post.text}} for post in posts]
    return f"window.YTD.tweets.part{part} = " + json.dumps(tweets)


def jsonl(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    path = folder / "pip.jsonl"
    path.write_text("".join(json.dumps({"text": post.text}) + "\n" for post in posts))
    return path, None


def table(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    path = folder / "pip.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("said", "likes"), *((post.text, 3) for post in posts)])
    return path, "said"


def text(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    path = folder / "pip.txt"
    path.write_text("\n".join(" ".join(post.text.split()) for post in posts), encoding="utf-16")
    return path, None


def outbox(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    path = folder / "outbox.json"
    path.write_text(json.dumps({"type": "OrderedCollection", "orderedItems": list(map(_activity, posts))}))
    return path, None


def _activity(post: Post) -> object:
    if post.is_retweet:
        return {"type": "Announce", "to": [PUBLIC], "object": "https://reef.example/1"}
    note = {"type": "Note", "to": [PUBLIC], "content": f"<p>{escape(_plain(post))}</p>"}
    return {"type": "Create", "to": [PUBLIC], "object": note}


def export(folder: Path, posts: list[Post]) -> tuple[Path, str | None]:
    messages = [
        {"id": n, "type": "message", "from": "Pip", "from_id": "user1", "text": _plain(post)}
        | ({"forwarded_from": "Ann"} if post.is_retweet else {})
        for n, post in enumerate(posts)
    ]
    path = folder / "result.json"
    path.write_text(json.dumps({"name": "a chat", "type": "personal_chat", "id": 7, "messages": messages}))
    return path, "Pip"


FORMS: dict[str, Callable[[Path, list[Post]], tuple[Path, str | None]]] = {
    "X archive, zip in two parts": x_zip,
    "X archive, folder": x_folder,
    "X archive, tweets.js": x_script,
    "JSONL": jsonl,
    "CSV, column named": table,
    "text, UTF-16": text,
    "Mastodon archive": outbox,
    "Telegram Desktop export": export,
}


def _plain(post: Post) -> str:
    """As networks have it that don't escape their text."""
    return post.text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


async def networks(folder: Path, posts: list[Post]) -> list[tuple[str, list[Post]]]:
    """Oldest first there; retweets are told by the networks' own mark."""
    old = [(_plain(post), "bob" if post.is_retweet else "") for post in reversed(posts)]
    x = XAccount("pip", [Tweet(text.removeprefix("RT @bob: "), retweet_of=of) for text, of in old])
    sky = BlueskyAccount("pip.reef.example", [BlueskyPost(text, repost_of=of and "b.example") for text, of in old])
    reef = MastodonAccount("pip", [MastodonPost(text, boost_of=of) for text, of in old])
    found = []
    async with FakeX(x) as server, town(folder, server.url) as here:
        found.append(("X, API", await here.x.fetch(AccountSource("pip", "x:pip"), 0, unheard)))
    async with FakeBluesky(sky) as appview, town(folder, appview.url) as here:
        account = AccountSource("pip", "bluesky:pip.reef.example")
        found.append(("Bluesky", await here.bluesky.fetch(account, 0, unheard)))
    async with FakeMastodon(reef) as instance, town(folder, instance.url) as here:
        account = AccountSource("pip", "mastodon:pip@reef.example")
        found.append(("Mastodon, live", await here.mastodon.fetch(account, 0, unheard)))
    return found


if __name__ == "__main__":
    main()
