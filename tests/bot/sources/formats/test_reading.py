from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from bot.errors import BadInput, NotFound
from bot.ports import unheard
from bot.sources.formats.lines import plain_posts
from bot.sources.formats.paths import explained, shown
from bot.sources.formats.reading import Meter, Stopped, check_file, fetch_file, fetch_path
from trainer.corpus import Post

CONTENT = "some words of a post\n" * 100_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "posts.txt"
    path.write_text(CONTENT)
    return path


@pytest.mark.asyncio
async def test_progress_grows_to_the_files_size(path: Path) -> None:
    calls: list[tuple[int, int]] = []
    await fetch_file(path, plain_posts, 10, lambda done, total, wait=None: calls.append((done, total)))
    assert calls == sorted(calls)
    assert calls[-1] == (len(CONTENT), len(CONTENT))
    assert 10 < len(calls) < 120


@pytest.mark.asyncio
async def test_cancelling_ends_the_thread(path: Path) -> None:
    loop = asyncio.get_running_loop()
    started = asyncio.Event()
    calls = 0

    def progress(done: int, total: int, wait: float | None = None) -> None:
        nonlocal calls
        calls += 1
        loop.call_soon_threadsafe(started.set)
        time.sleep(0.02)

    task = asyncio.create_task(fetch_file(path, plain_posts, 0, progress))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    n_calls = calls
    await asyncio.sleep(0.2)
    assert calls == n_calls < 20


@pytest.mark.asyncio
async def test_a_file_without_posts(tmp_path: Path) -> None:
    path = tmp_path / "posts.txt"
    path.write_text("\n  \n")
    with pytest.raises(BadInput, match=r"There are no posts in posts.txt. Give me an X archive"):
        await fetch_file(path, plain_posts, 0, unheard)


@pytest.mark.asyncio
async def test_a_disk_that_fails(path: Path) -> None:
    def failing(file: IO[bytes], name: str, meter: Meter) -> Iterator[Post]:
        yield Post("one")
        raise OSError(5, "Input/output error")

    with pytest.raises(BadInput, match=r"posts.txt can't be read \(Input/output error\). Copy it"):
        await fetch_file(path, failing, 0, unheard)


def test_a_stopped_meter() -> None:
    calls: list[int] = []
    meter = Meter(lambda done, total, wait=None: calls.append(done))
    meter.start(10**6)
    meter.advance(500_000)
    meter.stop()
    with pytest.raises(Stopped):
        meter.advance(500_000)
    assert calls == [500_000]


def test_progress_never_passes_a_total_that_lies() -> None:
    calls: list[tuple[int, int]] = []
    meter = Meter(lambda done, total, wait=None: calls.append((done, total)))
    meter.start(100_000)
    for _ in range(50):
        meter.advance(10_000)
    meter.finish()
    assert calls[-1] == (100_000, 100_000)
    assert calls == sorted(calls)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name, message in [
        ("missing", "There is no file"),
        ("empty", "is empty. Name a file with posts in it"),
        ("pipe", "is not an ordinary file"),
        ("empty/x", "There is no file"),
        ("x" * 300, "can't be read"),
    ]:
        with pytest.raises((BadInput, NotFound), match=message):
            check_file(tmp_path / name)


def test_folders_can_be_read(tmp_path: Path) -> None:
    check_file(tmp_path)


@pytest.mark.asyncio
async def test_a_folder_where_a_file_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"can't be read \(Is a directory\)"):
        await fetch_file(tmp_path, plain_posts, 0, unheard)


@pytest.mark.asyncio
async def test_what_vanishes_from_a_folder_is_named(tmp_path: Path) -> None:
    def reader(path: Path, meter: Meter) -> Iterator[Post]:
        (path / "tweets.js").open("rb").close()
        yield Post("one")

    with pytest.raises(NotFound, match=f"There is no file {tmp_path}/tweets.js. Check"):
        await fetch_path(tmp_path, reader, 0, unheard)


@pytest.mark.parametrize(("path", "name"), [("/a/b.txt", "b.txt"), ("/", "/"), ("/a\x1b\n\u202eb\udc80", "a???b?")])
def test_names_as_messages_have_them(path: str, name: str) -> None:
    assert shown(Path(path)) == name


def test_permission() -> None:
    with (
        pytest.raises(BadInput, match=r"I'm not allowed to read /secret. Make it readable"),
        explained(Path("/secret")),
    ):
        raise PermissionError(13, "Permission denied")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_permission_for_real(path: Path) -> None:
    path.chmod(0)
    with pytest.raises(BadInput, match="I'm not allowed"):
        check_file(path)
