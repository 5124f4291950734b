"""The pictures of personas: a gallery, and what drawing each of them takes.

python -m benchmarks.pictures [docs/pictures]

Figures and what the personas say are those of trainings of the sample accounts; names and avatars were made up for the
pictures, and so was what is said in other languages. Nothing is trained here.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.drawing.avatars import LIGHTHOUSE, SOUP, avatar
from benchmarks.drawing.lighthouse import LADLE, PIP
from benchmarks.drawing.personas import CHORUS, blend, lighthouse
from benchmarks.peak import forget_peak, peak
from benchmarks.report import print_report
from bot.domain import Persona
from bot.folders import Folders
from bot.pictures.painter import Painter, Picture

RUNS = 20
LIGHT, DARK = "#ffffff", "#0d1117"
EDGE = 24  # pixels around a picture on a page

Draw = Callable[[], Awaitable[Picture | None]]


def give_avatars(folders: Folders, persona: Persona) -> None:
    shapes = {PIP: LIGHTHOUSE, LADLE: SOUP}
    for account in persona.manifest.corpus.accounts:
        path = folders.avatar(persona.name, account.handle)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(avatar(shapes[account.handle]))


async def measured(name: str, draw: Draw) -> tuple[str, ...]:
    """A row: bytes, the first drawing's time and the median of the later ones, memory that it took more than before."""
    before = forget_peak()
    times = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        picture = await draw()
        times.append(1000 * (time.perf_counter() - began))
    size = len(picture.data) if picture else 0
    grown = (peak() - before) / 1024
    return name, f"{size:,}", f"{times[0]:.0f}", f"{statistics.median(times[1:]):.0f}", f"{grown:.0f}"


async def figures(painter: Painter, pip: Persona, both: Persona) -> list[tuple[str, ...]]:
    draws: dict[str, Draw] = {
        "share": lambda: painter.share(pip),
        "share, of a blend": lambda: painter.share(both),
        **{f"share, in {of}": _sharing(painter, pip, text, prompt) for of, (prompt, text) in CHORUS.items()},
        "loss": lambda: painter.loss(pip),
        "pipeline": lambda: painter.pipeline(pip),
        "pipeline, of a blend": lambda: painter.pipeline(both),
        "avatar": lambda: painter.avatar(pip, PIP),
    }
    return [await measured(name, draw) for name, draw in draws.items()]


def _sharing(painter: Painter, persona: Persona, text: str, prompt: str) -> Draw:
    return lambda: painter.share(persona, prompt + text, prompt)


def pages(pictures: Sequence[bytes], columns: int, scale: float, grounds: Sequence[str]) -> bytes:
    """Pictures side by side, as they look on pages with these grounds in turn; few colours, for few bytes."""
    cells = [_scaled(Image.open(BytesIO(data)), scale) for data in pictures]
    wide, high = (max(sizes) + 2 * EDGE for sizes in zip(*(one.size for one in cells), strict=True))
    sheet = Image.new("RGB", (wide * columns, high * -(-len(cells) // columns)), LIGHT)
    for n, cell in enumerate(cells):
        page = Image.new("RGBA", (wide, high), grounds[n % len(grounds)])
        page.alpha_composite(cell, (EDGE, EDGE))
        sheet.paste(page.convert("RGB"), (n % columns * wide, n // columns * high))
    file = BytesIO()
    sheet.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)


async def gallery(painter: Painter, pip: Persona, both: Persona) -> dict[str, bytes]:
    """Files by name."""
    files = {f"{pip.name}.{one.name}": one.data for one in await painter.all(pip)}
    shown = [data for data in files.values() for _ in (LIGHT, DARK)]
    files |= {f"blend.{one.name}": one.data for one in (await painter.all(both))[:2]}
    said = [await painter.share(pip, prompt + text, prompt) for prompt, text in CHORUS.values()]
    files["light_and_dark.png"] = pages(shown, 2, 0.5, (LIGHT, DARK))
    files["scripts.png"] = pages([one.data for one in said], 2, 0.5, (LIGHT,))
    return files


async def drawn(data: Path) -> tuple[dict[str, bytes], list[tuple[str, ...]]]:
    """The gallery, and the table's rows."""
    folders, pip, both = Folders(data), lighthouse(), blend()
    painter = Painter(folders)
    for persona in (pip, both):
        give_avatars(folders, persona)
    rows = await figures(painter, pip, both)
    return await gallery(painter, pip, both), rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("docs/pictures"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        files, rows = asyncio.run(drawn(Path(data)))
    for name, content in files.items():
        (folder / name).write_bytes(content)
        print(folder / name, f"{len(content):,} bytes")
    print_report(f"Pictures, {RUNS} times each", [("picture", "bytes", "first, ms", "median, ms", "more MB"), *rows])


if __name__ == "__main__":
    main()
