"""The command group and what all of its commands share: settings, and errors as one line and exit code 1."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from bot.errors import MynahError

if TYPE_CHECKING:
    from bot.settings import Settings

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


def settings_of(ctx: click.Context) -> Settings:
    """Raises SettingsError."""
    from bot.settings import load_settings

    config, data_dir = ctx.obj
    return load_settings(config, data_dir)


def run(work: Coroutine[None, None, T]) -> T:
    return asyncio.run(work)


@main.command()
@click.pass_context
def console(ctx: click.Context) -> None:
    """Open the console bot: a chat in this terminal, or lines from a pipe."""
    from bot.cli.console import run_console

    sys.exit(run(run_console(settings_of(ctx))))


# At the end: the nouns' files import `main` from here.
from bot.cli import models, say, train  # noqa: E402, F401
