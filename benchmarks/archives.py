"""How fast archives of 1 GB are read, and in how much memory: every format, and an X archive of 5 GB with its media.

    python -m benchmarks.archives [--gigabytes 1] [--only "JSONL"]

Each is made in a temporary folder (10 GB at most, one at a time), read in a child process as a training reads it (the
latest 3,200 posts), and deleted. Speed counts the text that is read; media are only passed over. The file is in the
system's cache, as it is after an upload.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.archive_contents import Pieces, jsonl, outbox, result, table, text, tweets
from benchmarks.peak import forget_peak, peak
from benchmarks.report import print_report
from bot.ports import unheard
from bot.sources.files import FileSource, file_reference

GB = 1_000_000_000
MAX_POSTS = 3200
MEDIUM = 100_000  # bytes of a picture


@dataclass(frozen=True, slots=True)
class Archive:
    """What was made: the text in it is `n_bytes`, of `n_posts`."""

    path: Path
    n_posts: int
    n_bytes: int
    part: str | None = None


def make_file(path: Path, content: Pieces, n_bytes: int, part: str | None = None) -> Archive:
    n_posts = 0
    with path.open("wb") as file:
        for data, n in content(n_bytes):
            file.write(data)
            n_posts += n
    return Archive(path, n_posts, path.stat().st_size, part)


def make_zip(path: Path, name: str, content: Pieces, n_text: int, n_bytes: int) -> Archive:
    """`n_text` bytes of posts, and media up to `n_bytes`."""
    n_posts = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(name, "w", force_zip64=True) as file:
            for data, n in content(n_text):
                file.write(data)
                n_posts += n
        for number in range(n_bytes // MEDIUM):
            medium = zipfile.ZipInfo(f"data/tweets_media/{10**18 + number}-AbCdEfGhIjKlMno.jpg")
            archive.writestr(medium, bytes(MEDIUM))  # stored, as media are
        size = archive.getinfo(name).file_size
    return Archive(path, n_posts, size)


def make_folder(path: Path, n_text: int, n_bytes: int) -> Archive:
    """An X archive, unpacked; its media are holes."""
    (path / "data" / "tweets_media").mkdir(parents=True)
    made = make_file(path / "data" / "tweets.js", tweets, n_text)
    for number in range(n_bytes // MEDIUM):
        with (path / "data" / "tweets_media" / f"{number}.jpg").open("wb") as file:
            file.truncate(MEDIUM)
    return replace(made, path=path)


def plans(size: int) -> dict[str, Callable[[Path], Archive]]:
    """A fifth of an archive with media is text."""
    return {
        "X archive, zip": lambda folder: make_zip(folder / "x.zip", "data/tweets.js", tweets, size // 5, size),
        "X archive, zip of 5 GB": lambda f: make_zip(f / "x.zip", "data/tweets.js", tweets, size // 5, 5 * size),
        "X archive, folder": lambda folder: make_folder(folder / "x", size // 5, size),
        "X archive, zip, text only": lambda folder: make_zip(folder / "x.zip", "data/tweets.js", tweets, size, 0),
        "tweets.js": lambda folder: make_file(folder / "tweets.js", tweets, size),
        "JSONL": lambda folder: make_file(folder / "posts.jsonl", jsonl, size),
        "CSV": lambda folder: make_file(folder / "posts.csv", table, size),
        "text": lambda folder: make_file(folder / "posts.txt", text, size),
        "Telegram result.json": lambda folder: make_file(folder / "result.json", result, size, "Ann"),
        "Mastodon, zip": lambda folder: make_zip(folder / "m.zip", "outbox.json", outbox, size // 5, size),
    }


def read(path: Path, part: str | None) -> None:
    """In the child: prints the seconds, the posts and the KiB above the start."""
    source, account = FileSource(), replace(file_reference("pip", path), part=part)
    start, began = forget_peak(), time.perf_counter()
    posts = asyncio.run(source.fetch(account, MAX_POSTS, unheard))
    seconds = time.perf_counter() - began
    print(seconds, len(posts), peak() - start)


def measure(name: str, make: Callable[[Path], Archive]) -> tuple[str, ...]:
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
        files = [made.path] if made.path.is_file() else [path for path in made.path.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        command = [sys.executable, "-m", "benchmarks.archives", "--read", str(made.path)]
        command += ["--part", made.part] if made.part else []
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, n_posts, kib = (float(number) for number in done.stdout.split())
    assert n_posts == MAX_POSTS
    sizes = (f"{size / GB:.2f}", f"{made.n_bytes / GB:.2f}", f"{made.n_posts:,}")
    return (name, *sizes, f"{seconds:.1f}", f"{made.n_bytes / 1e6 / seconds:.0f}", f"{kib / 1024:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--only")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.read:
        read(args.read, args.part)
        return
    chosen = {name: make for name, make in plans(int(args.gigabytes * GB)).items() if args.only in {None, name}}
    head = ("archive", "GB", "GB of text", "posts", "seconds", "MB of text a second", "peak MiB above the start")
    print_report(f"Reading the latest {MAX_POSTS:,} posts", [head, *(measure(*plan) for plan in chosen.items())])


if __name__ == "__main__":
    main()
