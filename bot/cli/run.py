"""`mynah run`: serve the messengers that are set up."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

import click

from bot.cli.shared import run, settings_of

if TYPE_CHECKING:
    from bot.settings import Settings


@click.command("run")
@click.pass_context
def serve(ctx: click.Context) -> None:
    """Serve the messengers that are set up: Discord, when there is a token for it."""
    settings = settings_of(ctx)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from bot.app import open_services, run_jobs, warm_up
    from bot.errors import SettingsError
    from bot.platforms.discord.client import Client
    from bot.platforms.discord.connection import run_discord
    from bot.platforms.discord.people import PLATFORM
    from bot.platforms.router import Router

    if settings.discord.token is None:
        raise SettingsError(
            "No messenger is set up. For Discord, set MYNAH_DISCORD__TOKEN (the README says where to get it); "
            "`mynah console` chats in this terminal."
        )
    router = Router()
    async with open_services(settings, router) as services:
        client = Client(services)
        router.notifiers[PLATFORM] = client.board
        async with run_jobs(services):
            warm = warm_up(services)
            try:
                await run_discord(client, settings.discord)
            finally:
                warm.cancel()
