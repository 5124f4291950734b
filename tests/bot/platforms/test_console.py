from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from bot.app import open_services
from bot.commands import COMMANDS
from bot.domain import AccountSource, Job, JobState, Persona
from bot.errors import BadInput
from bot.platforms.console.completion import CommandCompleter
from bot.platforms.console.console import CHAT, Console, ConsoleNotifier, is_quit
from bot.platforms.console.screen import LineScreen, PlainScreen
from bot.settings import Settings
from bot.usecases.services import Services
from tests.builders import manifest
from tests.doubles.generator import generated
from tests.doubles.processes import eventually
from tests.doubles.service import FakeService
from trainer.protocol import Piece, Progress


@dataclass
class RecordingScreen:
    """Remembers what was printed, and what is live now."""

    printed: list[str] = field(default_factory=list)
    lines: dict[str, str] = field(default_factory=dict)

    def print(self, text: str) -> None:
        self.printed.append(text)

    def live(self, key: str, text: str | None) -> None:
        if text is None:
            self.lines.pop(key, None)
        else:
            self.lines[key] = text


@dataclass
class Room:
    """A console on a fresh data folder, without running jobs: nothing here starts a worker."""

    services: Services
    screen: RecordingScreen
    notifier: ConsoleNotifier

    def console(self, *lines: str) -> Console:
        """One that reads these lines from a pipe."""
        rest = iter(lines)

        async def read_line() -> str | None:
            return next(rest, None)

        return Console(self.services, self.screen, self.notifier, read_line)

    async def publish(self, name: str) -> None:
        folder = self.services.folders.version(name, 1)
        folder.mkdir(parents=True)
        await self.services.store.publish(name, 1, f"personas/{name}/v1", 1_000, manifest(name))


@asynccontextmanager
async def open_room(folder: Path) -> AsyncIterator[Room]:
    screen = RecordingScreen()
    notifier = ConsoleNotifier(0, screen)
    async with open_services(Settings(data_dir=folder), notifier) as services:
        yield Room(services, screen, notifier)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    async with open_room(tmp_path / "data") as room:
        yield room


def job(number: int = 1) -> Job:
    return Job(number, "alice", (AccountSource("alice", "x"),), JobState.RUNNING, CHAT, 1, manifest().created_at)


PERSONA = Persona("alice", 1, "personas/alice/v1", 1_000, manifest())


async def test_lines_are_taken_in_turn_until_quit(room: Room) -> None:
    console = room.console("/personas", "", "   ", "/jobs", "/quit", "/help")
    await console.run_lines()
    assert room.screen.printed == ["No persona yet. Train one: /train @pip_the_lighthouse", "No trainings yet."]
    assert not console.failed


async def test_the_end_of_the_pipe_is_the_end(room: Room) -> None:
    await room.console("/jobs").run_lines()
    assert len(room.screen.printed) == 1


async def test_failures_are_said_and_remembered_and_the_next_line_is_handled(room: Room) -> None:
    console = room.console("/dance", "/jobs")
    await console.run_lines()
    assert room.screen.printed == ["There is no command /dance. /help lists them.", "No trainings yet."]
    assert console.failed


async def test_a_line_without_a_command_is_a_say(room: Room) -> None:
    await room.console("My dream is").run_lines()
    assert room.screen.printed[0].startswith("There is no persona yet.")


async def test_help_names_quit(room: Room) -> None:
    await room.console("/help").run_lines()
    assert "/quit" in room.screen.printed[0]


@pytest.mark.parametrize(("answer", "stays"), [("yes", False), ("Y", False), ("no", True), ("", True), (None, True)])
async def test_a_question_in_a_pipe_is_answered_by_the_next_line(room: Room, answer: str | None, stays: bool) -> None:
    await room.publish("alice")
    lines = ["/forget @alice"] + ([] if answer is None else [answer])
    await room.console(*lines).run_lines()
    assert room.screen.printed[0].startswith("Forget @alice?")
    assert (await room.services.store.persona("alice") is not None) == stays
    assert room.services.folders.persona("alice").exists() == stays


async def test_a_question_at_the_prompt_is_answered_by_the_next_line(room: Room) -> None:
    await room.publish("alice")
    console = Console(room.services, room.screen, room.notifier)
    assert console.on_line("/forget @alice")
    while not room.screen.printed:  # the question
        await asyncio.sleep(0.01)
    assert console.on_line("yes")
    while len(room.screen.printed) < 2:
        await asyncio.sleep(0.01)
    assert "is forgotten" in room.screen.printed[1]
    assert not console.on_line("/quit")


async def test_ctrl_c_answers_no(room: Room) -> None:
    await room.publish("alice")
    console = Console(room.services, room.screen, room.notifier)
    console.on_line("/forget @alice")
    while not room.screen.printed:
        await asyncio.sleep(0.01)
    console.on_interrupt()
    while len(room.screen.printed) < 2:
        await asyncio.sleep(0.01)
    assert room.screen.printed[1] == "@alice stays."


async def test_ctrl_c_with_nothing_under_way_is_a_hint(room: Room) -> None:
    Console(room.services, room.screen, room.notifier).on_interrupt()
    assert "/quit leaves" in room.screen.printed[0]


async def test_leaving_stops_what_is_under_way(room: Room) -> None:
    await room.publish("alice")
    console = Console(room.services, room.screen, room.notifier)
    console.on_line("/forget @alice")
    while not room.screen.printed:
        await asyncio.sleep(0.01)
    await console.close()
    assert room.screen.printed[1:] == ["Stopped."]
    assert await room.services.store.persona("alice") is not None


# With jobs and speech, which are faked


def chat(service: FakeService, *lines: str | None) -> Console:
    """A console on a fake service: it reads these lines from a pipe, or it is one at a prompt if there is only None."""
    screen = RecordingScreen()
    notifier = ConsoleNotifier(0, screen)
    service.jobs.notifier = notifier
    rest = iter(lines)

    async def read_line() -> str | None:
        return next(rest, None)

    return Console(service.services, screen, notifier, None if lines == (None,) else read_line)


def printed(console: Console) -> list[str]:
    assert isinstance(console.screen, RecordingScreen)
    return console.screen.printed


def live(console: Console) -> list[str]:
    assert isinstance(console.screen, RecordingScreen)
    return list(console.screen.lines.values())


async def test_a_training_in_a_pipe_is_over_before_the_next_line(service: FakeService) -> None:
    console = chat(service, "/train @pip", "My dream is")
    async with service.running():
        await console.run_lines()
    assert printed(console)[0].startswith("Training @pip")
    assert "Posts as they will be learnt" in printed(console)[1]
    assert "@pip is ready" in printed(console)[2]
    assert "@pip · written by a machine\n  My dream is soup." in printed(console)[3:]  # beside its report card
    assert not console.failed
    assert live(console) == []


async def test_a_training_leaves_its_pictures_as_files(
    service: FakeService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    console = chat(service, "/train @pip", "/card")
    async with service.running():
        await console.run_lines()
    folder = service.folders.version("pip", 1).relative_to(tmp_path) / "pictures"
    after_training, after_card = [line for line in printed(console) if line.startswith("Pictures in ")]
    assert after_training == f"Pictures in {folder}: share.png, pipeline.png, loss.png"
    assert after_card == f"Pictures in {folder}: share.png"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())
    assert len(list(folder.iterdir())) == 3


async def test_pictures_that_cannot_be_drawn_or_written_are_not_missed(service: FakeService) -> None:
    persona = await service.add_persona("pip")
    service.painter.failing.add("share.png")
    console = chat(service, "/card")
    await console.run_lines()
    assert len(printed(console)) == 1
    (service.folders.root / persona.folder / "pictures").write_text("in the way of the folder")
    await console.notifier.trained(job(), persona)
    assert len(printed(console)) == 2
    assert "is ready" in printed(console)[1]
    assert not console.failed


async def test_a_persona_that_is_gone_is_not_drawn_into_a_new_folder(service: FakeService) -> None:
    persona = await service.add_persona("pip")
    service.folders.forget("pip")
    console = chat(service)
    await console.notifier.trained(job(), persona)
    assert not service.folders.persona("pip").exists()


async def test_a_training_that_fails_in_a_pipe_is_a_failure(service: FakeService) -> None:
    service.trainer.error = BadInput("These posts are broken.")
    console = chat(service, "/train @pip")
    async with service.running():
        await console.run_lines()
    assert printed(console)[-1] == "@pip was not trained (job 1): These posts are broken."
    assert console.failed


async def test_what_nobody_thought_of_is_said_short_and_logged(
    service: FakeService, caplog: pytest.LogCaptureFixture
) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[ZeroDivisionError("oh")]]
    console = chat(service, "hello", "/jobs")
    await console.run_lines()
    assert printed(console)[0].startswith("Something went wrong inside (ZeroDivisionError")
    assert "bot.log" in printed(console)[0]
    assert "Traceback" in caplog.text
    assert printed(console)[1] == "No trainings yet."
    assert console.failed


async def test_speech_is_live_until_it_is_whole(service: FakeService) -> None:
    await service.add_persona("pip")
    wait = asyncio.Event()
    pieces = [Piece(id=0, sample=0, text=text) for text in (" a", " lake")]
    service.generator.answers = [[*pieces, wait, generated("My dream is a lake.")]]
    console = chat(service, None)
    assert console.on_line("My dream is")
    await eventually(lambda: live(console) == ["  … a lake"])
    wait.set()
    await eventually(lambda: len(printed(console)) == 1)
    assert live(console) == []


async def test_ctrl_c_stops_what_is_being_said_and_no_training(service: FakeService) -> None:
    await service.add_persona("pip")
    service.trainer.gate.clear()
    service.generator.answers = [[Piece(id=0, sample=0, text=" a"), asyncio.Event()]]
    console = chat(service, None)
    async with service.running():
        console.on_line("/train @bob")
        await eventually(lambda: "begin bob" in service.trainer.log)
        console.on_line("My dream is")
        await eventually(lambda: "  … a" in live(console))
        console.on_interrupt()
        await eventually(lambda: "Stopped." in printed(console))
        assert "  … a" not in live(console)
        assert "end bob" not in service.trainer.log
        service.trainer.gate.set()
        assert await console.notifier.wait(1)
    assert not console.failed


async def test_one_question_at_a_time(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_persona(name)
    console = chat(service, None)
    asking = [asyncio.create_task(console.handle(f"/forget @{name}")) for name in ("pip", "bob")]
    await eventually(lambda: "Answer the other question first." in printed(console))
    console.on_line("yes")
    await asyncio.wait(asking)
    assert len(await service.store.personas()) == 1


@pytest.mark.parametrize("line", ["/quit", " /QUIT ", "/exit", "/q"])
def test_quit(line: str) -> None:
    assert is_quit(line)
    assert not is_quit("/quiet")


async def test_progress_is_live_until_the_end_and_never_after() -> None:
    screen = RecordingScreen()
    notifier = ConsoleNotifier(0, screen)
    await notifier.progress(job(), Progress(stage="train", done=1, total=2))
    assert "50%" in screen.lines["job 1"]
    await notifier.trained(job(), PERSONA)
    assert await notifier.wait(1)
    await notifier.progress(job(), Progress(stage="publish"))
    assert screen.lines == {}
    assert "@alice is ready" in screen.printed[0]


async def test_without_live_lines_each_stage_is_a_line() -> None:
    screen = RecordingScreen()
    notifier = ConsoleNotifier(0, screen, show_stages=True)
    for stage in (Progress(stage="fetch"), Progress(stage="fetch", done=1, total=2), Progress(stage="clean")):
        await notifier.progress(job(), stage)
    assert screen.printed == ["@alice  fetch", "@alice  clean"]


async def test_a_failed_job_is_said() -> None:
    screen = RecordingScreen()
    notifier = ConsoleNotifier(0, screen)
    await notifier.failed(job(), "The disk is full.")
    assert not await notifier.wait(1)
    assert screen.printed == ["@alice was not trained (job 1): The disk is full."]


def test_a_line_screen_rewrites_one_line() -> None:
    out = io.StringIO()
    screen = LineScreen(out)
    screen.live("job 1", "10%")
    screen.live("job 1", "20%")
    screen.print("done")
    screen.live("job 1", None)
    assert out.getvalue() == "10%\r\x1b[K20%\r\x1b[Kdone\n"


def test_a_line_screen_cuts_what_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or else the line would wrap, and only its last part would be rewritten."""
    monkeypatch.setenv("COLUMNS", "11")
    out = io.StringIO()
    screen = LineScreen(out)
    screen.live("job 1", "0123456789ABCDEF")
    screen.live("say 1", "0123456789ABCDEF")
    assert out.getvalue() == "0123456789\r\x1b[K6789ABCDEF"


def test_a_plain_screen_shows_no_live_lines() -> None:
    out = io.StringIO()
    screen = PlainScreen(out)
    screen.live("job 1", "10%")
    screen.print("done")
    assert out.getvalue() == "done\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/tr", {"/train "}),
        ("/qu", {"/quit "}),
        ("/", {f"/{name} " for name in (*COMMANDS, "quit")}),
        ("/train @la", {"@ladle_in_orbit "}),
        ("/say @al", {"@alice "}),
        ("/forget @", {"@alice "}),
        ("/say my dream", set()),
        ("my dream", set()),
    ],
)
async def test_completion(room: Room, text: str, expected: set[str]) -> None:
    await room.publish("alice")
    completer = CommandCompleter(room.services)
    found = [c.text async for c in completer.get_completions_async(Document(text), CompleteEvent())]
    assert set(found) == expected


async def test_paths_are_completed_after_from(room: Room, tmp_path: Path) -> None:
    (tmp_path / "tweets.js").touch()
    document = Document(f"/train @alice --from {tmp_path}/twe")
    completer = CommandCompleter(room.services)
    found = [c.text async for c in completer.get_completions_async(document, CompleteEvent())]
    assert found == ["ets.js"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/train @alice --from posts/", ["tweets.js"]),
        ("/train --from posts/", ["tweets.js"]),
        ("/train @alice --from posts/tweets.js posts/", []),
        ("/train @alice --from posts/tweets.js ", []),
        ("/train @alice --from ", ["data", "posts"]),
        ("/train @alice --from posts/tweets.js @la", ["@ladle_in_orbit "]),
        ("/train @alice posts/", []),
        ("/say --from posts/", []),
    ],
)
async def test_paths_are_completed_nowhere_else(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[str]
) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "tweets.js").touch()
    monkeypatch.chdir(tmp_path)
    completer = CommandCompleter(room.services)
    assert [c.text async for c in completer.get_completions_async(Document(text), CompleteEvent())] == expected
