"""The console bot: lines → commands → replies on a screen; tells of jobs as their Notifier."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot import render, traces
from bot.commands import Command, find_command
from bot.domain import Caller, Job, Persona, Utterance
from bot.errors import AlreadyTraining, BadInput, MynahError, OperatorError
from bot.platforms.console.album import Album, told
from bot.platforms.console.screen import Screen
from bot.replies import Card, Help, Reply, Submitted
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR
from trainer.protocol import Piece, Progress

QUIT = ("/quit", "leave; an unfinished training goes on next time")
CHAT = Caller(platform="console", user="console", channel="console")
SHELL = OPERATOR  # a script doesn't change who answers in the chat
logger = logging.getLogger(__name__)

ReadLine = Callable[[], Awaitable[str | None]]


@dataclass
class ConsoleNotifier:
    """Shows jobs on a screen, which is there only later than this, like the album of their pictures: a notifier is
    needed to build the services."""

    warn_characters: int
    screen: Screen | None = None
    album: Album | None = None
    show_stages: bool = False  # a line for each stage, where live lines are not shown
    failures: set[int] = field(default_factory=set)
    _ended: dict[int, asyncio.Event] = field(default_factory=dict)
    _stages: dict[int, str] = field(default_factory=dict)
    _over: set[int] = field(default_factory=set)

    async def progress(self, job: Job, progress: Progress) -> None:
        if self.screen is None or job.id in self._over:
            return
        self.screen.live(f"job {job.id}", f"@{job.persona}  {render.progress_line(progress)}")
        if self.show_stages and self._stages.get(job.id) != progress.stage:
            self._stages[job.id] = progress.stage
            self.screen.print(f"@{job.persona}  {progress.stage}")
        if progress.preview is not None:
            self.screen.print(render.previewed(progress.preview))

    async def trained(self, job: Job, persona: Persona) -> None:
        self._show_end(job, render.trained(persona, self.warn_characters))
        try:
            if self.screen is not None and self.album is not None:
                show_pictures(self.screen, await self.album.fill(persona))
        finally:
            self._end(job.id).set()

    async def reported(self, job: Job, persona: Persona) -> None:
        if self.screen is not None and persona.manifest.report is not None:
            self.screen.print(render.report_card(persona.name, persona.manifest.report))

    async def failed(self, job: Job, message: str) -> None:
        self.failures.add(job.id)
        self._show_end(job, f"@{job.persona} was not trained (job {job.id}): {message}")
        self._end(job.id).set()

    def _show_end(self, job: Job, text: str) -> None:
        self._over.add(job.id)
        if self.screen is not None:
            self.screen.live(f"job {job.id}", None)
            self.screen.print(text)

    def _end(self, job_id: int) -> asyncio.Event:
        return self._ended.setdefault(job_id, asyncio.Event())

    async def wait(self, job_id: int) -> bool:
        """Until the job has ended; whether it succeeded."""
        await self._end(job_id).wait()
        return job_id not in self.failures


@dataclass
class Console:
    """One person at a terminal. With `read_line` lines are taken one after the other (a pipe, a single command): each
    is over, its training included, before the next; without it, each line is a task of its own."""

    services: Services
    screen: Screen
    notifier: ConsoleNotifier
    read_line: ReadLine | None = None
    caller: Caller = CHAT
    failed: bool = False
    _waited_for: int | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _answer: asyncio.Future[str] | None = None

    def __post_init__(self) -> None:
        self.album = self.notifier.album = Album(self.services.painter, self.services.folders)

    async def run_lines(self) -> None:
        """Take lines until there are no more, or /quit."""
        assert self.read_line is not None
        while (line := await self.read_line()) is not None:
            if is_quit(line):
                return
            await self.handle(line)

    def on_line(self, line: str) -> bool:
        """A line from the prompt: the answer to a question, or a command in a task of its own. False: leave."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(line)
            return True
        if is_quit(line):
            return False
        task = asyncio.create_task(self.handle(line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    def on_interrupt(self) -> None:
        """Ctrl-C: no to a question; stops what is being said; trainings go on."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result("no")
        elif self._tasks:
            for task in self._tasks:
                task.cancel()
        else:
            self.screen.print("Ctrl-D or /quit leaves; /cancel JOB stops a training.")

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def handle(self, line: str) -> None:
        """One line from its command to its last reply; errors are shown and remembered, never raised."""
        if not line.strip():
            return
        with traces.request(self.caller.platform):
            await self._handle(line)

    async def _handle(self, line: str) -> None:
        try:
            await self._run(line if line.lstrip().startswith("/") else f"/say {line}")
        except MynahError as error:
            if isinstance(error, OperatorError):
                logger.error("%s", error)
            self._fail(str(error))
        except asyncio.CancelledError:
            self.screen.print("Stopped.")
            raise
        except Exception as error:
            logger.exception("a command failed")
            self._fail(f"Something went wrong inside ({error!r}); {self.services.folders.logs / 'bot.log'} has more.")

    async def _run(self, line: str) -> None:
        command, text = find_command(line)
        await self.execute(command, command.parse(text))

    async def execute(self, command: Command[object], arguments: object) -> None:
        """Raises MynahError."""
        with traces.request(self.caller.platform):
            await self._execute(command, arguments)

    async def _execute(self, command: Command[object], arguments: object) -> None:
        dialog = ConsoleDialog(self, f"say {id(arguments)}")
        try:
            await command.run(self.services, self.caller, dialog, arguments)
        except AlreadyTraining as error:
            if self.read_line is None:
                raise
            self.screen.print(str(error))
            dialog.job_id = error.job_id
        finally:
            dialog.close()
        if dialog.job_id is not None and self.read_line is not None:
            self.failed |= not await self.notifier.wait(dialog.job_id)
            self._waited_for = dialog.job_id

    async def settled(self) -> None:
        """Until the last training that was waited for has its report card."""
        if self._waited_for is not None:
            await self.services.jobs.settled(self._waited_for)

    def _fail(self, message: str) -> None:
        self.failed = True
        self.screen.print(message)

    async def ask(self, question: str) -> bool:
        self.screen.print(f"{question} Type yes to go on.")
        if self.read_line is not None:
            answer = await self.read_line() or ""
        else:
            if self._answer is not None and not self._answer.done():
                raise BadInput("Answer the other question first.")
            self._answer = asyncio.get_running_loop().create_future()
            answer = await self._answer
        return answer.strip().lower() in {"y", "yes"}


@dataclass
class ConsoleDialog:
    """bot.commands.Dialog: one command's replies, its stream on a live line."""

    console: Console
    key: str
    job_id: int | None = None  # of the training that this command waits for
    _texts: dict[int, str] = field(default_factory=dict)

    async def reply(self, reply: Reply) -> None:
        if isinstance(reply, Submitted):
            self.job_id = reply.job.id
        if isinstance(reply, Help):
            reply = Help((*reply.commands, QUIT))
        if isinstance(reply, Utterance):
            self.close()
        self.console.screen.print(render.plain(reply, datetime.now(UTC)))
        if isinstance(reply, Card):
            show_pictures(self.console.screen, await self.console.album.fill_share(reply.persona))

    async def stream(self, piece: Piece) -> None:
        before = "" if piece.again else self._texts.get(piece.sample, "")
        self._texts[piece.sample] = before + piece.text
        self.console.screen.live(f"{self.key} {piece.sample}", "  …" + self._texts[piece.sample])

    async def confirm(self, question: str) -> bool:
        return await self.console.ask(question)

    def close(self) -> None:
        for sample in self._texts:
            self.console.screen.live(f"{self.key} {sample}", None)
        self._texts.clear()


def show_pictures(screen: Screen, paths: Sequence[Path]) -> None:
    if paths:
        screen.print(told(paths, Path.cwd()))


def is_quit(line: str) -> bool:
    return line.strip().lower() in {"/quit", "/exit", "/q"}
