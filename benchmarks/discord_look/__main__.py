"""How the bot looks on Discord: pictures of its messages, as SVGs in the style of the dark desktop client.

python -m benchmarks.discord_look [docs/discord]

They are drawn from what the bot really sends to a double of Discord. What personas say was written for the pictures,
and their figures are copied from docs/measurements.md: nothing is trained here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.discord_look.controls import Json
from benchmarks.discord_look.looking import settings, words
from benchmarks.discord_look.scenes import lighthouse, names, saying, training
from benchmarks.discord_look.svg import draw
from benchmarks.drawing.files import write_pictures
from benchmarks.drawing.lighthouse import PIP, minutes
from bot.faces import face
from bot.platforms.discord.webhooks import BADGE
from tests.bot.platforms.discord.harbour import Harbour

Scene = Callable[[Harbour], Awaitable[list[Json]]]
NOW, LATER = timedelta(), timedelta(minutes=3)  # when somebody looks
SCENES: dict[str, tuple[Scene, timedelta]] = {
    "say": (saying, NOW),
    "train": (training, NOW),
    "settings": (settings, NOW),
    "words": (words, LATER),
}


async def picture(scene: Scene, looked: timedelta) -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with lighthouse(Path(folder)) as place:
            seen = timed(await scene(place))
            known = names(place, place.ann, looked)
    return draw(seen, known, "general", {PIP + BADGE: face(PIP)})


def timed(payloads: Sequence[Json]) -> list[Json]:
    moments = minutes(payloads)
    return [payload | {"timestamp": at.isoformat()} for payload, at in zip(payloads, moments, strict=True)]


if __name__ == "__main__":
    write_pictures(__doc__, "docs/discord", ((name, picture(*scene)) for name, scene in SCENES.items()))
