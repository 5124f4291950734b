"""The `mynah` command: its global options, and its commands."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from bot.cli import bench, complete, config, db, discord, health, jobs, logs, models, optout, setup, sources, users
from bot.cli.run import serve
from bot.cli.say import say
from bot.cli.shared import EXIT_CODES, entry, folder, run, settings_of
from bot.cli.train import train

app = typer.Typer(
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mynah {version('mynah')}")
        raise typer.Exit


@app.callback()
def _options(
    ctx: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(parser=folder, metavar="DIRECTORY", help="Folder of all state (also MYNAH_DATA_DIR)."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Settings file (also MYNAH_CONFIG; ./config.toml if it is there)."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version.")
    ] = False,
) -> None:
    """A self-hosted persona bot: learns the voice of an account's posts and finishes your sentences in it."""
    ctx.obj = (config, data_dir)


@app.command()
def console(ctx: typer.Context) -> None:
    """Open the console bot: a chat in this terminal, or lines from a pipe."""
    from bot.cli.console import run_console

    sys.exit(run(run_console(settings_of(ctx))))


app.command("run")(serve)
app.command()(train)
app.command()(say)
app.command()(setup.init)
app.command()(setup.doctor)
app.command()(logs.logs)
app.command()(health.health)
for name, noun in {
    "models": models.app,
    "jobs": jobs.app,
    "sources": sources.app,
    "optout": optout.app,
    "users": users.app,
    "config": config.app,
    "db": db.app,
    "bench": bench.app,
    "discord": discord.app,
}.items():
    app.add_typer(noun, name=name)


def main() -> None:
    complete.rejoin(os.environ)
    entry(app)
