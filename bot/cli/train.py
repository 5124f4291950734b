"""`mynah train`"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli.shared import run, settings_of

if TYPE_CHECKING:
    from bot.arguments import TrainArguments
    from bot.settings import Settings
    from bot.usecases.train import DryRun


@click.command()
@click.argument("accounts", nargs=-1, required=True, metavar="@A[:WEIGHT] [@B [@C]]")
@click.option(
    "--from",
    "files",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="X or Mastodon archive, Telegram export, JSONL, CSV or text, one for each account in turn.",
)
@click.option("--column", metavar="NAME", help="Of a CSV file: the column with the posts.")
@click.option("--sender", metavar="NAME", help="Of an exported chat: who you are.")
@click.option("--lang", metavar="LANGUAGE", help="Keep posts in one language, like en.")
@click.option("--spend", metavar="DOLLARS", help="What reading from X may cost, without being asked.")
@click.option("--fresh", is_flag=True, help="Start over; else a persona that there is goes on with its new posts.")
@click.option("--dry-run", is_flag=True, help="Show the training table, five posts and the time; train nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: the same as JSON.")
@click.pass_context
def train(
    ctx: click.Context,
    accounts: tuple[str, ...],
    files: tuple[Path, ...],
    column: str | None,
    sender: str | None,
    lang: str | None,
    spend: str | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Learn an account's voice, or a blend of up to three, like @alice:2 @bob:1.

    An account is @alice, x:alice, @alice.bsky.social, @alice@mastodon.example, or the address of its profile page.
    """
    if as_json and not dry_run:
        raise click.UsageError("--json goes with --dry-run.")
    from bot.arguments import train_arguments

    settings = settings_of(ctx)
    named = {"--column": column, "--sender": sender, "--lang": lang, "--spend": spend}
    options = {name: [value] for name, value in named.items() if value is not None}
    options |= {"--from": list(map(str, files))} | ({"--fresh": []} if fresh else {})
    wanted = train_arguments(list(accounts), options)
    if dry_run:
        click.echo(_show(run(_dry_run(settings, wanted)), settings.training.warn_characters, as_json))
        return
    from bot.cli.console import run_single
    from bot.commands import COMMANDS

    sys.exit(run(run_single(settings, COMMANDS["train"], wanted)))


async def _dry_run(settings: Settings, wanted: TrainArguments) -> DryRun:
    from bot.app import open_services
    from bot.platforms.console.console import ConsoleNotifier
    from bot.usecases.train import dry_run

    async with open_services(settings, ConsoleNotifier(settings.training.warn_characters)) as services:
        return await dry_run(services, wanted)


def _show(result: DryRun, warn_characters: int, as_json: bool) -> str:
    from bot import render

    if not as_json:
        return render.dry_run(result, warn_characters)
    facts = asdict(result) | {
        "accounts": [account.model_dump() for account in result.accounts],
        "warnings": render.remarks(result.accounts, warn_characters),
    }
    return json.dumps(facts, indent=2, ensure_ascii=False)
