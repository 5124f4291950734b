"""The data folder: whether it can be written, what lies in it, and how much room there is."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from bot.folders import Folders
from bot.settings import DiskSettings
from bot.setup.check import Check, doubtful, fine, size, wrong
from bot.usecases.disk import MEGABYTE, WARN_FROM, limits
from bot.usecases.stock import BLOCK, closed, usage

OTHERS = 0o077
PRUNE = "`mynah models prune` makes room."


def rights(folders: Folders) -> Check:
    """Whether this user may write there, in its logs too. Makes nothing."""
    root = folders.root
    if not root.exists():
        above = next(folder for folder in root.parents if folder.exists())
        if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
            return fine("Data folder", f"{root} will be made at the first start")
        return wrong("Data folder", f"{root} can't be made in {above}", _elsewhere(root))
    if not root.is_dir():
        return wrong("Data folder", f"{root} is no folder", _elsewhere(root))
    if place := next(_closed(folders), None):
        return wrong("Data folder", f"{place} can't be written by this user", _own(place, root))
    if place := next(_unreadable(folders), None):
        return wrong("Data folder", f"{place} can't be read or changed by this user", _own(place, root))
    if stat.S_IMODE(root.stat().st_mode) & OTHERS:
        text = f"others can read {root}, which has what people have said and posted"
        return doubtful("Data folder", text, f"chmod 700 {root}")
    return fine("Data folder", f"{root} and its logs can be written")


def _closed(folders: Folders) -> Iterator[Path]:
    """What can't be written. Files that an administrator's start has left are the usual case."""
    places = [folders.root, folders.logs, folders.root / "personas", folders.root / "accounts"]
    beside = [folders.database.with_name(f"{folders.database.name}-{end}") for end in ("wal", "shm")]
    files = [folders.database, *beside, folders.lock, *sorted(folders.logs.glob("*"))]
    yield from (place for place in places if place.exists() and not os.access(place, os.W_OK | os.X_OK))
    yield from (file for file in files if file.exists() and not os.access(file, os.W_OK))


def _unreadable(folders: Folders) -> Iterator[Path]:
    """Of each persona the first such file or folder; its folders have to be open to writing, too."""
    places = (closed(one, os.R_OK | os.W_OK | os.X_OK) for one in sorted((folders.root / "personas").glob("*")))
    yield from filter(None, places)


def _elsewhere(root: Path) -> str:
    return f"Make {root} for the user that runs Mynah, or choose another folder (data_dir, or --data-dir)."


def _own(path: Path, root: Path) -> str:
    """For all at once: there is seldom only one."""
    if path.lstat().st_uid == os.geteuid():
        return f"Mend its mode: `chmod -R u+rwX {root}`."
    return f"Give all to the user that runs Mynah, like `sudo chown -R $USER {root}`."


def room(folders: Folders, settings: DiskSettings) -> Check:
    """Free disk, and what takes how much of it."""
    place = next(folder for folder in (folders.root, *folders.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    sizes = breakdown(folders) if folders.root.is_dir() else {}
    parts = ", ".join(f"{name} {size(n_bytes)}" for name, n_bytes in sizes.items() if n_bytes)
    text = f"{size(free)} free; {parts or 'nothing is stored yet'}"
    if free < settings.keep_free_megabytes * MEGABYTE:
        needed = f"{settings.keep_free_megabytes} MB (disk.keep_free_megabytes)"
        return wrong("Disk", f"{text}. Nothing is trained below {needed}", PRUNE)
    allowed = limits(settings)
    budgets = {"personas": allowed.personas, "posts": allowed.posts}
    full = [name for name, most in budgets.items() if most and sizes.get(name, 0) > WARN_FROM * most]
    if full:
        return doubtful("Disk", f"{text}. {' and '.join(full).capitalize()}: near or over the budget in [disk]", PRUNE)
    return fine("Disk", text)


def breakdown(folders: Folders) -> dict[str, int]:
    """Bytes on the disk by what they are for; a file that personas and accounts share counts once, as posts."""
    known = usage(folders)
    places = {
        "tracking": folders.tracking.rglob("*"),
        "logs": folders.logs.rglob("*"),
        "uploads": folders.uploads.rglob("*"),
    }
    others = {name: sum(map(_blocks, files)) for name, files in places.items()}
    database = sum(map(_blocks, folders.root.glob(f"{folders.database.name}*")))
    return {"personas": known.personas, "posts": known.posts, "database": database, **others}


def _blocks(path: Path) -> int:
    try:
        return path.lstat().st_blocks * BLOCK
    except OSError:  # gone meanwhile
        return 0
