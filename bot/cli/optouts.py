"""`mynah optouts`: accounts that must not be imitated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from bot.cli.shared import run, services_of, settings_of

if TYPE_CHECKING:
    from bot.settings import Settings


@click.group()
def optouts() -> None:
    """Accounts that must not be imitated: people put them here with /optout."""


@optouts.command("list")
@click.pass_context
def list_optouts(ctx: click.Context) -> None:
    """The handles."""
    for handle in run(_list(settings_of(ctx))):
        click.echo(f"@{handle}")


@optouts.command()
@click.argument("handle", metavar="@HANDLE")
@click.pass_context
def add(ctx: click.Context, handle: str) -> None:
    """Never train on this account, and let nothing speak that was made of it."""
    from bot.handles import parse_handle

    addresses = run(_set(settings_of(ctx), parse_handle(handle), out=True))
    click.echo(f"{handle} is not imitated any more.")
    for address in addresses:
        click.echo(f"What was made of it is still published; delete it there: {address}")


@optouts.command()
@click.argument("handle", metavar="@HANDLE")
@click.pass_context
def remove(ctx: click.Context, handle: str) -> None:
    """Allow it again: because it was a mistake, or somebody's joke."""
    from bot.handles import parse_handle

    run(_set(settings_of(ctx), parse_handle(handle), out=False))
    click.echo(f"{handle} may be imitated again.")


async def _list(settings: Settings) -> list[str]:
    async with services_of(settings) as services:
        return sorted(await services.chats.optouts())


async def _set(settings: Settings, handle: str, out: bool) -> list[str]:
    """Returns where personas of an account that opts out are published."""
    from bot.usecases.optouts import made_of, published

    async with services_of(settings) as services:
        await (services.chats.opt_out(handle) if out else services.chats.opt_in(handle))
        return await published(services, await made_of(services, handle)) if out else []
