"""How the bot looks on Discord: pictures of its messages, as SVGs in the style of the dark desktop client.

python -m benchmarks.discord_look [docs/discord]

They are drawn from what the bot really sends to a double of Discord. What personas say was written for the pictures,
and their figures are copied from docs/measurements.md: nothing is trained here.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from benchmarks.discord_look.controls import Json
from benchmarks.discord_look.looking import settings, words
from benchmarks.discord_look.scenes import EVENING, PIP, lighthouse, names, saying, training
from benchmarks.discord_look.svg import draw
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
    """Always the same evening: a picture changes only where the bot's words do."""
    moments = [EVENING + timedelta(minutes=number) for number in range(len(payloads))]
    return [payload | {"timestamp": at.isoformat()} for payload, at in zip(payloads, moments, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/discord"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, (scene, looked) in SCENES.items():
        file = folder / f"{name}.svg"
        file.write_text(asyncio.run(picture(scene, looked)), encoding="utf-8")
        print(file)


if __name__ == "__main__":
    main()
