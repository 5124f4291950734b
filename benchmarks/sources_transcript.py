"""Sources as the operator meets them: what there is, what X would cost, a reading, two sources in one persona.

    python -m benchmarks.sources_transcript > docs/sources.md

The real program with its workers and the bundled base model; X and Bluesky are small servers on this machine.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

from benchmarks.shell import show
from bot.domain import AccountSource
from bot.ports import unheard
from bot.sources.samples import SampleSource
from tests.doubles.networks import BlueskyAccount, BlueskyPost, FakeBluesky, FakeX, Tweet, XAccount

HEAD = """# Sources, as the operator meets them

Printed by `python -m benchmarks.sources_transcript`: the real program, its workers and the bundled base model. X and
Bluesky are small servers on the same machine; @keeper has the posts of one sample account there, @ladle.example those
of the other.
"""


async def main() -> None:
    pip, ladle = [await texts(handle) for handle in ("pip_the_lighthouse", "ladle_in_orbit")]
    keeper = XAccount("keeper", [Tweet(text) for text in pip], name="The Keeper")
    orbit = BlueskyAccount(
        "ladle.example",
        [
            BlueskyPost(text)
            for text in [*ladle, "If you are ever up here, write to ladle@soup.example and I will put a pot on"]
        ],
    )
    print(HEAD)
    async with FakeX(keeper) as x, FakeBluesky(orbit) as bluesky:
        with tempfile.TemporaryDirectory() as folder:
            settings = {
                "MYNAH_DATA_DIR": folder,
                "MYNAH_SOURCES__X__API_BASE": x.url,
                "MYNAH_SOURCES__BLUESKY__APPVIEW": bluesky.url,
                "MYNAH_SOURCES__BLUESKY__DIRECTORY": bluesky.url,
            }
            await show(settings, "sources list")
            await show(settings, "train @keeper --dry-run", "An account that nobody can tell is asked about.")
            settings |= {"MYNAH_SOURCES__X__TOKEN": x.token}
            await show(settings, "train @keeper --dry-run", "With a token, it is X's.")
            await show(settings, "train @keeper", "Above a dollar, somebody has to say yes.", lines="no\n")
            poor = settings | {"MYNAH_SOURCES__X__MONTHLY_BUDGET": "2"}
            await show(poor, "train @keeper --spend 3", "The budget is the budget.")
            write_export(Path(folder), ladle)
            await show(settings, "train @ladle --from result.json --dry-run", "Of a chat, only one's own.", folder)
            await show(settings, "train @keeper @ladle.example --spend 3", "Two sources in one persona.")
            await show(settings, 'say @keeper-ladle.example "My dream is" -n 3')
            await show(settings, "train @keeper --dry-run", "What was read once costs nothing more.")
            await show(settings, "sources usage")


async def texts(handle: str) -> list[str]:
    """Oldest first, its own ones, as people wrote them."""
    posts = await SampleSource().fetch(AccountSource(handle, f"sample:{handle}"), 0, unheard)
    own = [post.text for post in reversed(posts) if not post.is_retweet]
    return [text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for text in own]


def write_export(folder: Path, own: list[str]) -> None:
    pairs = [(text, n % 2) for n, text in enumerate(own)]
    messages = [
        {"id": n, "type": "message", "from": ("Ladle", "Ben")[who], "from_id": f"user{who}", "text": text}
        for n, (text, who) in enumerate(pairs)
    ]
    chat = {"name": "Ben", "type": "personal_chat", "id": 7, "messages": messages}
    (folder / "result.json").write_text(json.dumps(chat))


if __name__ == "__main__":
    asyncio.run(main())
