"""`mynah run`: serve the messengers that are set up."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

import typer

from bot.cli.shared import quiet_libraries, run, settings_of

if TYPE_CHECKING:
    from bot.platforms.router import Router
    from bot.settings import Settings
    from bot.usecases.services import Services


logger = logging.getLogger(__name__)
NO_MESSENGER = (
    "No messenger is set up. For Discord, set MYNAH_DISCORD__TOKEN; for Telegram, MYNAH_TELEGRAM__TOKEN (the README "
    "says where to get them). `mynah console` chats in this terminal."
)


def serve(ctx: typer.Context) -> None:
    """Serve the messengers that are set up: Discord, Telegram or both, whichever there is a token for."""
    settings = settings_of(ctx)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    quiet_libraries()
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from bot.app import open_services, run_jobs, warm_up
    from bot.errors import SettingsError
    from bot.platforms.router import Router

    if settings.discord.token is None and settings.telegram.token is None:
        raise SettingsError(NO_MESSENGER)
    router = Router()
    async with open_services(settings, router) as services:
        messengers = _messengers(services, router)
        async with run_jobs(services) as recovered:
            for job in recovered:
                logger.info("job %d: @%s, left by the last run, is %s now", job.id, job.persona, job.state)
            warm = warm_up(services)
            try:
                await _together(messengers)
            finally:
                warm.cancel()


def _messengers(services: Services, router: Router) -> list[Callable[[], Coroutine[None, None, None]]]:
    """Each runs until it is cancelled. Imported when it is served: they are large."""
    settings = services.settings
    serving: list[Callable[[], Coroutine[None, None, None]]] = []
    if settings.discord.token is not None:
        from bot.platforms.discord.client import Client
        from bot.platforms.discord.connection import run_discord

        client = Client(services)
        router.notifiers["discord"] = client.board
        serving.append(lambda: run_discord(client, settings.discord))
    if settings.telegram.token is not None:
        from bot.platforms.telegram.connection import make_connection, run_telegram

        connection = make_connection(services)
        router.notifiers["telegram"] = connection.board
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
