"""`mynah discord`: setting the bot up."""

from __future__ import annotations

import click

from bot.cli.shared import run, settings_of


@click.group()
def discord() -> None:
    """Discord: inviting the bot."""


@discord.command()
@click.pass_context
def invite(ctx: click.Context) -> None:
    """Print the links that add the bot to a server or to an account, with the permissions it needs."""
    from bot.platforms.discord.invite import links

    settings = settings_of(ctx)
    for label, link in run(links(settings.discord)):
        click.echo(f"{label}:\n  {link}")
