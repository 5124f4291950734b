"""`mynah models`: the personas on this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bot.cli.publishing import export, publish, pull
from bot.cli.shared import run, services_of, settings_of

if TYPE_CHECKING:
    from bot.settings import Settings


@click.group()
def models() -> None:
    """The personas on this machine."""


@models.command("list")
@click.pass_context
def list_models(ctx: click.Context) -> None:
    """Name, version, posts, quality, size."""
    from bot.arguments import NoArguments
    from bot.cli.console import run_single
    from bot.commands import COMMANDS

    sys.exit(run(run_single(settings_of(ctx), COMMANDS["personas"], NoArguments())))


@models.command()
@click.argument("persona", metavar="@PERSONA")
@click.option("--lineage", is_flag=True, help="What it came from, step by step, with checksums.")
@click.pass_context
def show(ctx: click.Context, persona: str, lineage: bool) -> None:
    """How a persona was made, and how good it is."""
    if lineage:
        click.echo(run(_lineage(settings_of(ctx), persona)))
        return
    from bot.arguments import CardArguments
    from bot.cli.console import run_single
    from bot.commands import COMMANDS
    from bot.domain import parse_persona

    sys.exit(run(run_single(settings_of(ctx), COMMANDS["card"], CardArguments(parse_persona(persona)))))


@models.command()
@click.argument("persona", metavar="@PERSONA")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_context
def forget(ctx: click.Context, persona: str, yes: bool) -> None:
    """Delete a persona: its posts, corpus and weights."""
    from bot.arguments import ForgetArguments
    from bot.cli.console import run_single
    from bot.commands import COMMANDS
    from bot.domain import parse_persona

    arguments = ForgetArguments(parse_persona(persona), yes)
    sys.exit(run(run_single(settings_of(ctx), COMMANDS["forget"], arguments)))


async def _lineage(settings: Settings, name: str) -> str:
    from bot.cli.lineage import lineage
    from bot.cli.publishing import find
    from bot.usecases.lineage import trace

    async with services_of(settings) as services:
        return lineage(await trace(services, await find(services, name)))


for command in (export, publish, pull):
    models.add_command(command)
