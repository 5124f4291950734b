"""What all commands of the CLI share: errors as one line and exit code 1, settings, running a coroutine."""

from __future__ import annotations

import asyncio
import io
import logging
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

import click

from bot.errors import MynahError

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.usecases.services import Services

T = TypeVar("T")


class Group(click.Group):
    """Shows MynahErrors as their message and exits 1; Ctrl-C exits 130."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except MynahError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("Stopped.", err=True)
            sys.exit(130)


def settings_of(ctx: click.Context) -> Settings:
    """Raises SettingsError."""
    from bot.settings import load_settings

    config, data_dir = ctx.obj
    return load_settings(config, data_dir)


@asynccontextmanager
async def services_of(settings: Settings) -> AsyncIterator[Services]:
    """For a command that no messenger hears of; imported when there is one."""
    from bot.app import open_services
    from bot.platforms.router import Router

    async with open_services(settings, Router()) as services:
        yield services


def quiet_libraries() -> None:
    """What they log names accounts, and some of their addresses and headers hold tokens."""
    for name, level in {"httpx": logging.WARNING, "tweepy": logging.WARNING, "telegram": logging.CRITICAL}.items():
        logging.getLogger(name).setLevel(level)  # what Telegram's library reports is told by us, without tracebacks


def run(work: Coroutine[None, None, T]) -> T:
    """SIGTERM (a container or a service that is stopped) ends it as cleanly as Ctrl-C does."""

    async def stoppable() -> T:
        task = asyncio.ensure_future(work)
        with suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no "·" shows a "?"
    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        sys.exit(128 + signal.SIGTERM)
