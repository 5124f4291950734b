"""Opening the console: an interactive one on a terminal, a plain one on a pipe; and single commands for the CLI."""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from prompt_toolkit.history import FileHistory

from bot.app import open_services, own_folder, run_jobs, warm_up
from bot.cli.shared import quiet_libraries
from bot.commands import Command
from bot.domain import Job, JobState
from bot.errors import OperatorError
from bot.folders import Folders
from bot.platforms.console.completion import CommandCompleter
from bot.platforms.console.console import SHELL, Console, ConsoleNotifier
from bot.platforms.console.pipe import PipeLines
from bot.platforms.console.screen import LineScreen, PlainScreen, PromptScreen, Screen
from bot.settings import Settings
from bot.usecases.services import Services


def log_to_file(path: Path) -> None:
    """The terminal is for the conversation; what the operator wants to know goes to a file. Raises OperatorError."""
    quiet_libraries()
    try:
        logging.basicConfig(filename=path, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    except OSError as error:
        raise OperatorError(f"{path} can't be written ({error.strerror}). Choose another --data-dir.") from error


class ForgivingHistory(FileHistory):
    """On a full disk, lines are not remembered; the chat goes on."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)


@asynccontextmanager
async def _open(settings: Settings, screen: Screen | None) -> AsyncIterator[tuple[Services, ConsoleNotifier]]:
    folders = Folders(settings.data_dir)
    folders.make()
    log_to_file(folders.logs / "bot.log")
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
            elif command.name == "forget":
                stack.enter_context(own_folder(services))
            await console.execute(command, arguments)
            await console.settled()
    return int(console.failed)


async def banner(services: Services) -> str:
    known = await services.store.personas()
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
