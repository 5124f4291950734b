"""How the bot looks on Telegram: pictures of its messages, as SVGs in the style of a light client.

python -m benchmarks.telegram_look [docs/telegram]

They are drawn from what the bot really sends to a double of Telegram. What personas say was written for the pictures,
and their figures are copied from docs/measurements.md: nothing is trained here.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.drawing.files import write_pictures
from benchmarks.telegram_look.inline import asking
from benchmarks.telegram_look.looking import settings
from benchmarks.telegram_look.saying import saying
from benchmarks.telegram_look.screen import draw
from benchmarks.telegram_look.seen import Screen
from benchmarks.telegram_look.town import lighthouse
from benchmarks.telegram_look.training import training
from tests.bot.platforms.telegram.town import Town

Scene = Callable[[Town], Awaitable[list[Screen]]]
SCENES: dict[str, Scene] = {"say": saying, "train": training, "inline": asking, "settings": settings}


async def picture(scene: Scene) -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with lighthouse(Path(folder)) as place:
            screens = await scene(place)
    return draw(screens)


if __name__ == "__main__":
    write_pictures(__doc__, "docs/telegram", ((name, picture(scene)) for name, scene in SCENES.items()))
