from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from bot.platforms.console.pipe import MAX_LINE, PipeLines


@pytest.fixture
def ends() -> Iterator[list[int]]:
    """The reading and the writing end of a pipe; a test may take one out and close it itself."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


async def read_all(lines: PipeLines) -> list[str]:
    found: list[str] = []
    while (line := await lines.read()) is not None:
        found.append(line)
    return found


def write_and_close(ends: list[int], data: bytes) -> None:
    os.write(ends[1], data)
    os.close(ends.pop())


async def test_lines_as_they_come(ends: list[int]) -> None:
    lines = PipeLines(ends[0])
    for text in ("/jobs", "", "🍲 soup"):
        os.write(ends[1], f"{text}\n".encode())
        assert await lines.read() == text
    write_and_close(ends, b"no line end")
    assert await read_all(lines) == ["no line end"]
    assert await lines.read() is None


async def test_line_ends_of_other_systems_and_bytes_that_are_no_text(ends: list[int]) -> None:
    write_and_close(ends, b"one\r\n\xff two \xf0\n")
    assert await read_all(PipeLines(ends[0])) == ["one", "\ufffd two \ufffd"]


async def test_a_line_without_end_comes_in_pieces(ends: list[int]) -> None:
    lines = PipeLines(ends[0])
    reading = asyncio.create_task(read_all(lines))
    await asyncio.to_thread(write_long, ends)
    assert [len(line) for line in await reading] == [MAX_LINE, 10]


def write_long(ends: list[int]) -> None:
    with os.fdopen(ends.pop(), "wb") as file:
        file.write(b"x" * (MAX_LINE + 10))


async def test_what_cannot_be_read_is_the_end(ends: list[int]) -> None:
    assert await read_all(PipeLines(ends[1])) == []


def test_a_read_that_waits_does_not_hold_up_the_end_of_the_process() -> None:
    program = """
import asyncio
from bot.platforms.console.pipe import PipeLines

async def main():
    lines = PipeLines()
    print(await lines.read(), flush=True)
    await lines.read()

asyncio.run(main())
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"ready\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT  # as Python ends by KeyboardInterrupt; not SIGABRT
    process.stdin.close()
    process.stdout.close()
