"""The `mynah` command: its global options, and its commands."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bot.cli.discord import discord
from bot.cli.models import models
from bot.cli.optouts import optouts
from bot.cli.run import serve
from bot.cli.say import say
from bot.cli.shared import Group, run, settings_of
from bot.cli.sources import sources
from bot.cli.train import train


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of all state (also MYNAH_DATA_DIR).",
)
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Settings file (also MYNAH_CONFIG; ./config.toml if it is there).",
)
@click.version_option(package_name="mynah")
@click.pass_context
def main(ctx: click.Context, data_dir: Path | None, config: Path | None) -> None:
    """A self-hosted persona bot: learns the voice of an account's posts and finishes your sentences in it."""
    ctx.obj = (config, data_dir)


@main.command()
@click.pass_context
def console(ctx: click.Context) -> None:
    """Open the console bot: a chat in this terminal, or lines from a pipe."""
    from bot.cli.console import run_console

    sys.exit(run(run_console(settings_of(ctx))))


for command in (serve, train, say, models, sources, optouts, discord):
    main.add_command(command)
