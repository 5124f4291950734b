"""Where pictures are written."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Iterable
from pathlib import Path


def write_pictures(about: str | None, default: str, pictures: Iterable[tuple[str, Awaitable[str]]]) -> None:
    """Of the command line's folder: a file for each name."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path(default))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures:
        file = folder / f"{name}.svg"
        file.write_text(asyncio.run(_made(picture)), encoding="utf-8")
        print(file)


async def _made(picture: Awaitable[str]) -> str:
    return await picture
