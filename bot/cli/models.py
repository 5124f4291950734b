"""`mynah models`: the personas on this machine."""

from __future__ import annotations

import sys

import click

from bot.cli.shared import run, settings_of


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
@click.pass_context
def show(ctx: click.Context, persona: str) -> None:
    """How a persona was made, and how good it is."""
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
