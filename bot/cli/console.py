"""Opening the console: an interactive one on a terminal, a plain one on a pipe; and single commands for the CLI."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from prompt_toolkit.history import FileHistory

from bot import traces
from bot.app import open_services, run_jobs, warm_up
from bot.commands import Command
from bot.control.client import connected
from bot.control.jobs import SAY, Saying
from bot.control.operation import Event
from bot.domain import Job, JobState, Utterance
from bot.folders import Folders
from bot.logs import set_up
from bot.platforms.console.completion import CommandCompleter
from bot.platforms.console.console import SHELL, Console, ConsoleNotifier
from bot.platforms.console.pipe import PipeLines
from bot.platforms.console.screen import LineScreen, PlainScreen, PromptScreen, Screen
from bot.settings import Settings
from bot.usecases.services import Services
from trainer.protocol import Piece


class ForgivingHistory(FileHistory):
    """On a full disk, lines are not remembered; the chat goes on."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)


@asynccontextmanager
async def _open(settings: Settings, screen: Screen | None) -> AsyncIterator[tuple[Services, ConsoleNotifier]]:
    set_up(settings, stderr=False)  # the terminal is for the conversation
    notifier = ConsoleNotifier(settings.training.warn_characters, screen)
    async with open_services(settings, notifier) as services:
        yield services, notifier


async def run_console(settings: Settings) -> int:
    """`mynah console`. Returns the exit code: 1 when a command from a pipe failed."""
    if sys.stdin.isatty() and sys.stdout.isatty():
        return await _interactive(settings)
    return await _piped(settings)


async def _interactive(settings: Settings) -> int:
    async with _open(settings, None) as (services, notifier):
        history = ForgivingHistory(str(services.folders.root / "console-history"))
        screen = PromptScreen(history, CommandCompleter(services))
        notifier.screen = screen
        async with run_jobs(services) as recovered:
            warm = warm_up(services)
            screen.print(await banner(services))
            _tell_recovered(screen, recovered)
            console = Console(services, screen, notifier)
            await screen.read_lines(console.on_line, console.on_interrupt)
            warm.cancel()
            await console.close()
            if services.jobs.progress is not None:
                screen.print("The training stops here; it goes on when you open mynah next time.")
    return 0


async def _piped(settings: Settings) -> int:
    screen = PlainScreen()
    async with _open(settings, screen) as (services, notifier):
        notifier.show_stages = True
        async with run_jobs(services) as recovered:
            warm = warm_up(services)
            _tell_recovered(screen, recovered)
            console = Console(services, screen, notifier, read_line=PipeLines().read)
            await console.run_lines()
            warm.cancel()
            await console.settled()
    return int(console.failed)


async def run_single(settings: Settings, command: Command[Any], arguments: object) -> int:
    """One command for the shell; a training is waited for. Raises MynahError."""
    screen: Screen = LineScreen() if sys.stdout.isatty() else PlainScreen()
    async with _open(settings, screen) as (services, notifier):
        notifier.show_stages = isinstance(screen, PlainScreen)
        console = Console(services, screen, notifier, read_line=PipeLines().read, caller=SHELL)
        async with AsyncExitStack() as stack:
            if command.name == "train":
                _tell_recovered(screen, await stack.enter_async_context(run_jobs(services)))
            await console.execute(command, arguments)
            await console.settled()
            if command.name == "train":
                await _see_others_through(services, screen, notifier)
    return int(console.failed)


async def _see_others_through(services: Services, screen: Screen, notifier: ConsoleNotifier) -> None:
    """While this process trains, it is the bot that runs: what `mynah train` elsewhere has handed to it is its own."""
    while jobs := await services.store.unfinished_jobs():
        screen.print(f"Meanwhile @{jobs[0].persona} was asked for (job {jobs[0].id}); it is trained here, too.")
        await notifier.wait(jobs[0].id)
        await services.jobs.settled(jobs[0].id)


async def say_once(settings: Settings, saying: Saying, screen: Screen) -> Utterance:
    """Said by the bot that runs, or else by a serve worker of its own; pieces as live lines. Raises MynahError."""
    texts: dict[int, str] = {}

    async def tell(event: Event) -> None:
        if isinstance(event, Piece):
            before = "" if event.again else texts.get(event.sample, "")
            texts[event.sample] = before + event.text
            screen.live(f"say {event.sample}", "  …" + texts[event.sample])

    try:
        async with connected(Folders(settings.data_dir).control) as remote:
            if remote is not None:
                return await remote.perform(SAY, saying, tell)
        async with _open(settings, screen) as (services, _):
            with traces.request(SHELL.platform):
                return await SAY.run(services, saying, tell)
    finally:
        for sample in texts:
            screen.live(f"say {sample}", None)


async def banner(services: Services) -> str:
    known = await services.store.names()
    hint = (
        "Start with /train @pip_the_lighthouse, then /say My dream is"
        if not known
        else f"{len(known)} persona{'s'[: len(known) != 1]} ready: /personas lists them; /say My dream is"
    )
    return f"Mynah · everything stays in {services.folders.root}\n{hint}  (/help: all commands, Ctrl-D: leave)"


def _tell_recovered(screen: Screen, recovered: list[Job]) -> None:
    for job in recovered:
        again = "is queued again" if job.state is JobState.QUEUED else f"is given up: {job.error}"
        screen.print(f"Job {job.id} (@{job.persona}) was interrupted; it {again}.")
