"""What all commands of the CLI share: nouns, settings, services, errors as a line, exit codes, running coroutines."""

from __future__ import annotations

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperGroup

from bot.errors import Busy, DataDirInUse, MynahError, NotFound

if TYPE_CHECKING:
    from bot.control.operation import Operation, P, R, Tell
    from bot.settings import Settings
    from bot.store.sqlite import SqliteStore
    from bot.usecases.services import Services

T = TypeVar("T")
REFUSED, TRY_LATER, STOPPED = 1, 75, 130  # exit codes; 75 is sysexits.h's EX_TEMPFAIL
EXIT_CODES = (
    "Exit codes: 0 done; 1 refused or failed, the reason is on stderr; 2 the command line is wrong; 75 in use or busy, "
    "try again; 130 Ctrl-C; 143 SIGTERM. `run`, asked to stop by either, ends with 0."
)


class Noun(TyperGroup):
    """`mynah models` is `mynah models list`; `usual` is the verb that may be left out."""

    usual = "list"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options = self.get_help_option_names(ctx)
        left_out = args[0].startswith("-") and args[0] not in options if args else not ctx.resilient_parsing
        if self.usual in self.commands and left_out:  # a shell that completes still asks for the verb
            args = [self.usual, *args]
        return super().parse_args(ctx, args)


def noun(about: str, usual: str = "list") -> typer.Typer:
    """A group of commands."""
    return typer.Typer(cls=type("Noun", (Noun,), {"usual": usual}), help=about, no_args_is_help=True)


def entry(app: typer.Typer) -> None:
    """Run the command line. MynahErrors are shown as their message."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no "·" shows a "?"
    try:
        app()
    except MynahError as error:
        print(error, file=sys.stderr)
        sys.exit(TRY_LATER if isinstance(error, Busy | DataDirInUse) else REFUSED)
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(STOPPED)


def folder(given: str) -> Path:
    """What --data-dir names. An empty one would be the current folder. Raises typer.BadParameter."""
    if not given.strip():
        raise typer.BadParameter("It is empty. Give the folder's path, or leave the option out.")
    path = Path(given)
    if path.is_file():
        raise typer.BadParameter(f"Directory {given!r} is a file.")
    return path


def settings_of(ctx: typer.Context) -> Settings:
    """Raises SettingsError."""
    from bot.settings import load_settings

    config, data_dir = ctx.obj
    return load_settings(config, data_dir)


@asynccontextmanager
async def services_of(settings: Settings) -> AsyncIterator[Services]:
    """For a command that no messenger hears of; imported when there is one."""
    from bot.app import open_services
    from bot.logs import set_up
    from bot.platforms.router import Router

    set_up(settings, stderr=False)
    async with open_services(settings, Router()) as services:
        yield services


@asynccontextmanager
async def store_of(settings: Settings) -> AsyncIterator[SqliteStore]:
    """For a command that only reads what is recorded: quicker than all services. Raises NotFound: no folder yet."""
    from bot.folders import Folders
    from bot.store.sqlite import SqliteStore

    folders = Folders(settings.data_dir)
    if _is_missing(folders.root):
        raise NotFound(f"There is nothing at {folders.root} yet. Train a persona: mynah train @pip_the_lighthouse")
    folders.make()
    async with SqliteStore.open(folders.database) as store:
        yield store


def _is_missing(folder: Path) -> bool:
    try:
        folder.stat()
    except FileNotFoundError:
        return True
    except OSError:  # Folders.make says what is in the way
        return False
    return False


async def perform(settings: Settings, operation: Operation[P, R], params: P, tell: Tell | None = None) -> R:
    """Have the bot that runs do it, so that its pool and its queue know; where none runs, do it here.

    Two never write at once: who does it owns the data folder's lock. Raises what the operation raises, or DataDirInUse.
    """
    from bot.control.client import connected
    from bot.control.operation import unheard
    from bot.folders import Folders

    tell = tell or unheard
    async with connected(Folders(settings.data_dir).control) as remote:
        if remote is not None:
            return await remote.perform(operation, params, tell)
    from bot.traces import request
    from bot.usecases.train import OPERATOR

    async with services_of(settings) as services:
        with services.folders.owned(), request(OPERATOR.platform, operation=operation.name):
            return await operation.run(services, params, tell)


def run(work: Coroutine[None, None, T]) -> T:
    """SIGTERM (a container or a service that is stopped) ends it as cleanly as Ctrl-C does."""

    async def stoppable() -> T:
        task = asyncio.ensure_future(work)
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
