"""`mynah run`: serve the messengers that are set up."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from bot.cli.shared import REFUSED, run, settings_of
from bot.cli.stopping import obeying, on_signal
from bot.errors import SettingsError

if TYPE_CHECKING:
    from bot.platforms.router import Router
    from bot.settings import Settings
    from bot.usecases.services import Services


logger = logging.getLogger(__name__)
NO_MESSENGER = (
    "No messenger is set up. For Discord, set MYNAH_DISCORD__TOKEN; for Telegram, MYNAH_TELEGRAM__TOKEN (the README "
    "says where to get them), or let `mynah init` ask for them."
)


def serve(ctx: typer.Context) -> None:
    """Serve the messengers that are set up: Discord, Telegram or both, whichever there is a token for.

    SIGTERM or Ctrl-C: answers under way are finished, a training saves a checkpoint; then it ends, with 0. SIGHUP:
    settings are read again.
    """
    from bot.logs import set_up

    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # until it is obeyed: a reload in the first moments ends nothing
    settings = settings_of(ctx)
    if settings.discord.token is None and settings.telegram.token is None:
        _offer_console(settings)
    set_up(settings, stderr=True)
    run(_serve(settings, reader(*ctx.obj)))


def reader(config: Path | None, data_dir: Path | None) -> Callable[[], Settings]:
    """Reads the settings anew, from the file that there is now: where it is gone then, that is an error.

    Raises SettingsError.
    """
    from bot.settings import find_config, load_settings

    file = find_config(config)
    return lambda: load_settings(file, data_dir)


def _offer_console(settings: Settings) -> NoReturn:
    """To a person at a terminal. Raises SettingsError."""
    if not sys.stdin.isatty() or not sys.stdout.isatty():
        raise SettingsError(f"{NO_MESSENGER} `mynah console` chats in a terminal.")
    print(NO_MESSENGER)
    if not typer.confirm("Chat in this terminal instead (mynah console)?", default=True):
        sys.exit(REFUSED)
    from bot.cli.console import run_console

    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a terminal that is closed ends it
    sys.exit(run(run_console(settings)))


async def _serve(settings: Settings, load: Callable[[], Settings]) -> None:
    from bot.app import open_services, run_jobs, warm_up
    from bot.health import Health, until_stopped
    from bot.platforms.router import Router
    from bot.reloading import reload

    router, health = Router(), Health()
    with obeying(health.stopping):
        async with open_services(settings, router, health) as services, _monitored(services):
            messengers = _messengers(services, router)
            async with run_jobs(services) as recovered:
                on_signal(signal.SIGHUP, lambda: reload(services, load))
                for job in recovered:
                    logger.info("job %d: @%s, left by the last run, is %s now", job.id, job.persona, job.state)
                warm = warm_up(services)
                try:
                    await until_stopped(_together(messengers), health.stopping)
                finally:
                    warm.cancel()


@asynccontextmanager
async def _monitored(services: Services) -> AsyncIterator[None]:
    """Meanwhile others can see how it goes, and memory isn't hoarded."""
    from bot.memory import keep_trimmed
    from bot.monitoring.observers import counting_troubles, measure_lag
    from bot.monitoring.server import watched

    beside = [asyncio.create_task(measure_lag(services.metrics)), asyncio.create_task(keep_trimmed())]
    try:
        with counting_troubles(services.metrics):
            async with watched(services, services.settings.metrics):
                yield
    finally:
        for task in beside:
            task.cancel()


def _messengers(services: Services, router: Router) -> list[Callable[[], Coroutine[None, None, None]]]:
    """Each runs until it is cancelled. Imported when it is served: they are large."""
    settings, parts = services.settings, services.health.parts
    serving: list[Callable[[], Coroutine[None, None, None]]] = []
    if settings.discord.token is not None:
        from bot.platforms.discord.client import Client
        from bot.platforms.discord.connection import is_connected, run_discord

        client = Client(services)
        router.notifiers["discord"] = client.board
        parts["discord"] = lambda: is_connected(client)
        serving.append(lambda: run_discord(client, settings.discord))
    if settings.telegram.token is not None:
        from bot.platforms.telegram.connection import make_connection, run_telegram

        connection = make_connection(services)
        router.notifiers["telegram"] = connection.board
        parts["telegram"] = lambda: connection.is_up
        serving.append(lambda: run_telegram(connection))
    return serving


async def _together(messengers: list[Callable[[], Coroutine[None, None, None]]]) -> None:
    """One that can't go on ends the others too: whoever runs this should hear of it. Raises SettingsError."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in messengers:
                group.create_task(one())
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
