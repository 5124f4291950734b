from __future__ import annotations

import asyncio
import logging

import pytest

from bot.platforms.paced import Paced


async def test_those_between_are_skipped_and_the_last_one_is_shown() -> None:
    shown: list[int] = []

    async def show(value: int) -> None:
        shown.append(value)

    paced = Paced(show, 0.02)
    for value in range(5):
        paced.put(value)
    await asyncio.sleep(0.01)
    assert shown == [4]
    paced.put(5)
    paced.put(6)
    await asyncio.sleep(0.05)
    assert shown == [4, 6]
    paced.put(7)
    await asyncio.sleep(0.03)
    assert shown == [4, 6, 7]


async def test_closing_waits_for_what_is_being_shown_and_drops_the_rest() -> None:
    gate = asyncio.Event()
    shown: list[int] = []

    async def show(value: int) -> None:
        await gate.wait()
        shown.append(value)

    paced = Paced(show, 60)
    paced.put(1)
    await asyncio.sleep(0)
    paced.put(2)
    closing = asyncio.create_task(paced.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    async with asyncio.timeout(1):
        await closing
    paced.put(3)
    await asyncio.sleep(0.01)
    assert shown == [1]


async def test_one_that_is_closed_before_its_first_shows_nothing() -> None:
    shown: list[int] = []

    async def show(value: int) -> None:
        shown.append(value)

    paced = Paced(show, 1, first=60)
    paced.put(1)
    async with asyncio.timeout(1):
        await paced.close()
    assert shown == []


async def test_an_error_is_logged_and_the_next_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    shown: list[int] = []

    async def show(value: int) -> None:
        if value == 1:
            raise RuntimeError("no")
        shown.append(value)

    paced = Paced(show, 0)
    with caplog.at_level(logging.ERROR):
        paced.put(1)
        await asyncio.sleep(0.01)
    paced.put(2)
    await asyncio.sleep(0.01)
    assert shown == [2]
    assert "no" in caplog.text
