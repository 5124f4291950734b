"""Both ends of the control socket, over real sockets."""

from __future__ import annotations

import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from bot.control import server
from bot.control.client import Remote, connected
from bot.control.operation import Event, Note, Operation, Params, Tell
from bot.control.server import listening
from bot.errors import NotFound, OperatorError
from bot.usecases.services import Services
from tests.doubles.service import FakeService


class Words(Params):
    words: tuple[str, ...] = ()


async def _echo(services: Services, params: Words, tell: Tell) -> str:
    for word in params.words:
        await tell(Note(text=word))
    return " ".join(params.words)


async def _refuse(services: Services, params: Words, tell: Tell) -> str:
    raise NotFound("Nobody here.")


async def _stumble(services: Services, params: Words, tell: Tell) -> str:
    raise KeyError("a secret detail")


ECHO = Operation("echo", Words, TypeAdapter(str), _echo)
REFUSE = Operation("refuse", Words, TypeAdapter(str), _refuse)
STUMBLE = Operation("stumble", Words, TypeAdapter(str), _stumble)


@pytest.fixture(autouse=True)
def _table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OPERATIONS", {one.name: one for one in (ECHO, REFUSE, STUMBLE)})


@asynccontextmanager
async def remote(service: FakeService, path: Path) -> AsyncIterator[Remote]:
    async with listening(service.services, path), connected(path) as found:
        assert found is not None
        yield found


async def test_events_come_as_they_happen_and_then_the_result(service: FakeService, tmp_path: Path) -> None:
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    long = "x" * 300_000  # a line that no buffer's usual size takes
    async with remote(service, tmp_path / "c.sock") as bot:
        assert await bot.perform(ECHO, Words(words=("a", long)), hear) == f"a {long}"
    assert heard == [Note(text="a"), Note(text=long)]


async def test_errors_are_raised_here(service: FakeService, tmp_path: Path) -> None:
    async with remote(service, tmp_path / "c.sock") as bot:
        with pytest.raises(NotFound, match=r"^Nobody here\.$"):
            await bot.perform(REFUSE, Words())
        with pytest.raises(OperatorError, match=r"inside the bot that runs \(KeyError\); its log has more") as caught:
            await bot.perform(STUMBLE, Words())
    assert "secret" not in str(caught.value)


async def test_an_operation_that_the_bot_does_not_know(service: FakeService, tmp_path: Path) -> None:
    unknown = Operation("unknown", Words, TypeAdapter(str), _echo)
    async with remote(service, tmp_path / "c.sock") as bot:
        with pytest.raises(OperatorError, match="another version"):
            await bot.perform(unknown, Words())


async def test_only_its_owner_may_use_it(service: FakeService, tmp_path: Path) -> None:
    async with listening(service.services, tmp_path / "c.sock"):
        assert stat.S_IMODE((tmp_path / "c.sock").stat().st_mode) == 0o600
    assert not (tmp_path / "c.sock").exists()


def _nothing(path: Path) -> None:
    pass


def _left_by_a_killed_process(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
        left.listen()


@pytest.mark.parametrize("prepare", [_nothing, _left_by_a_killed_process, Path.touch])
async def test_nobody_listens(tmp_path: Path, prepare: Callable[[Path], None]) -> None:
    prepare(tmp_path / "c.sock")
    async with connected(tmp_path / "c.sock") as found:
        assert found is None


async def test_a_socket_that_a_killed_process_has_left_is_replaced(service: FakeService, tmp_path: Path) -> None:
    _left_by_a_killed_process(tmp_path / "c.sock")
    async with remote(service, tmp_path / "c.sock") as bot:
        assert await bot.perform(ECHO, Words(words=("a",))) == "a"


async def test_a_data_folder_far_down(service: FakeService, tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 30)
    folder.mkdir()
    async with remote(service, folder / "c.sock") as bot:
        assert await bot.perform(ECHO, Words(words=("a",))) == "a"


async def test_where_there_can_be_no_socket_the_bot_runs_without(
    service: FakeService, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening(service.services, tmp_path / "no folder" / "c.sock"):
        assert "no control socket" in caplog.text


async def test_a_bot_that_ends_in_the_middle_says_so(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def wait(services: Services, params: Words, tell: Tell) -> str:
        begun.set()
        await asyncio.Event().wait()
        return ""

    waiting = Operation("wait", Words, TypeAdapter(str), wait)
    monkeypatch.setattr(server, "OPERATIONS", {"wait": waiting})
    monkeypatch.setattr(server, "SHUTDOWN_SECONDS", 0.01)
    path = tmp_path / "c.sock"
    async with listening(service.services, path):
        await_end = asyncio.create_task(_perform(path, waiting))
        await begun.wait()
    with pytest.raises(OperatorError, match="has ended in the middle"):
        await await_end


async def test_who_goes_away_stops_it(service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, stopped = asyncio.Event(), asyncio.Event()

    async def wait(services: Services, params: Words, tell: Tell) -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return ""

    waiting = Operation("wait", Words, TypeAdapter(str), wait)
    monkeypatch.setattr(server, "OPERATIONS", {"wait": waiting})
    path = tmp_path / "c.sock"
    async with listening(service.services, path):
        task = asyncio.create_task(_perform(path, waiting))
        await begun.wait()
        task.cancel()
        async with asyncio.timeout(10):
            await stopped.wait()


async def _perform(path: Path, operation: Operation[Words, str]) -> str:
    async with connected(path) as bot:
        assert bot is not None
        return await bot.perform(operation, Words())
