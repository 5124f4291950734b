"""Both ends of the control socket, over real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import TypeAdapter

from bot.control import client, server
from bot.control.client import Remote, connected
from bot.control.operation import Event, Note, Operation, Params, Tell
from bot.control.server import listening
from bot.errors import DataDirInUse, NotFound, OperatorError
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


async def test_more_than_is_taken_at_once(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with remote(service, tmp_path / "c.sock") as bot:
        assert await bot.perform(ECHO, Words(words=("x" * 3_000_000,))) == "x" * 3_000_000
    monkeypatch.setattr(server, "BODY_BYTES", 1000)
    async with remote(service, tmp_path / "c.sock") as bot:
        with pytest.raises(OperatorError, match="more than the bot that runs takes at once"):
            await bot.perform(ECHO, Words(words=("x" * 3_000_000,)))


class Numbers(Params):
    words: tuple[int, ...] = ()


async def test_only_what_does_not_cross_the_socket_is_another_version(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def misread(services: Services, params: Words, tell: Tell) -> str:
        Numbers.model_validate({"words": "none"})
        return ""

    misreads = Operation("misread", Words, TypeAdapter(str), misread)
    monkeypatch.setattr(server, "OPERATIONS", {"echo": ECHO, "misread": misreads})
    async with remote(service, tmp_path / "c.sock") as bot:
        with pytest.raises(OperatorError, match=r"inside the bot that runs \(ValidationError\)"):
            await bot.perform(misreads, Words())
        assert "operation misread failed" in caplog.text
        with pytest.raises(OperatorError, match="another version"):
            await bot.perform(Operation("echo", Numbers, TypeAdapter(str), _count), Numbers(words=(1,)))
        with pytest.raises(OperatorError, match="another version"):  # an int is not what comes
            await bot.perform(Operation("echo", Words, TypeAdapter(int), _count), Words(words=("a",)))


async def _count(services: Services, params: Params, tell: Tell) -> Any:
    raise AssertionError  # the other one is done


async def test_a_connection_that_breaks_inside_is_an_error_like_others(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def lose(services: Services, params: Words, tell: Tell) -> str:
        raise ConnectionResetError("the hub hangs up")

    loses = Operation("lose", Words, TypeAdapter(str), lose)
    monkeypatch.setattr(server, "OPERATIONS", {"lose": loses})
    async with remote(service, tmp_path / "c.sock") as bot:
        with pytest.raises(OperatorError, match=r"inside the bot that runs \(ConnectionResetError\)"):
            await bot.perform(loses, Words())
    assert "operation lose failed" in caplog.text


async def test_a_bot_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PROBE", aiohttp.ClientTimeout(total=0.05))
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "c.sock"))
        hanging.listen()
        with pytest.raises(DataDirInUse, match="A bot runs on this folder, but doesn't answer"):
            async with connected(tmp_path / "c.sock"):
                pass


@contextmanager
def _as_nobody(place: Path) -> Iterator[None]:
    """As somebody who may not use this place: root has to be another user for that."""
    with ExitStack() as stack:
        if os.geteuid() == 0:
            stack.callback(os.seteuid, 0)
            os.seteuid(65534)
        else:
            stack.callback(place.chmod, stat.S_IMODE(place.stat().st_mode))
            place.chmod(0)
        yield


@pytest.fixture
def everybodys() -> Iterator[Path]:
    """A folder that other users may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


async def test_another_users_socket(service: FakeService, everybodys: Path) -> None:
    async with listening(service.services, everybodys / "c.sock"):
        with _as_nobody(everybodys / "c.sock"), pytest.raises(OperatorError, match=r"bot .* belongs to another user"):
            async with connected(everybodys / "c.sock"):
                pass


async def test_another_users_folder(everybodys: Path) -> None:
    private = everybodys / "private"
    private.mkdir(mode=0o700)
    with _as_nobody(private), pytest.raises(OperatorError, match=r"folder .* belongs to another user: run"):
        async with connected(private / "c.sock"):
            pass


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
