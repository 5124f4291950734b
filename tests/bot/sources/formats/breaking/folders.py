"""Ways to break a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from tests.bot.sources.formats.archives import make_folder


def break_folder(path: Path, members: Mapping[str, bytes], rng: Random) -> None:
    safe = {
        name: data
        for name, data in members.items()
        if ".." not in name and name[:1] not in {"", "/"} and len(name) < 99
    }
    make_folder(path, {name.strip("/.") or "x": data for name, data in safe.items()})
    for _ in range(rng.choice([0, 0, 1, 1, 2, 3])):
        files = sorted(file for file in path.rglob("*") if not file.is_symlink())
        if files:
            change, file = rng.choice(_FOLDER_CHANGES), rng.choice(files)
            with contextlib.suppress(OSError):  # something has that name already
                change(file)


def _gone(file: Path) -> None:
    shutil.rmtree(file) if file.is_dir() else file.unlink()


def _instead(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        _gone(file)
        make(file)

    return change


_FOLDER_CHANGES: tuple[Callable[[Path], object], ...] = (
    _gone,
    _instead(Path.mkdir),
    _instead(os.mkfifo),
    _instead(lambda file: file.symlink_to(file)),
    _instead(lambda file: file.symlink_to(file.parent)),
    _instead(lambda file: file.symlink_to("/dev/zero")),
    _instead(lambda file: file.symlink_to("nowhere")),
    _instead(Path.touch),
    lambda file: file.chmod(0),
    lambda file: file.with_name("a\x1b\n\u202e").touch(),
    lambda file: file.with_name(os.fsdecode(b"\xff\xfe")).touch(),
    lambda file: file.rename(file.with_name("\x1b[2J")),
    lambda file: (file.parent / "/".join("abcdefgh")).mkdir(parents=True, exist_ok=True),
)
