"""`mynah train`: by the bot that runs, or else here."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import complete
from bot.cli.shared import STOPPED, perform, run, settings_of, store_of
from bot.errors import AlreadyTraining, BadInput, Costly, NotFound

if TYPE_CHECKING:
    from bot.arguments import TrainArguments
    from bot.cli.watch import Watch
    from bot.settings import Settings
    from bot.usecases.train import DryRun

FROM = "X or Mastodon archive, Telegram export, JSONL, CSV or text, one for each account in turn."


def train(
    ctx: typer.Context,
    accounts: Annotated[
        list[str], typer.Argument(metavar="@A[:WEIGHT] [@B [@C]]", autocompletion=complete.personas, show_default=False)
    ],
    files: Annotated[list[Path] | None, typer.Option("--from", metavar="FILE", help=FROM)] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of a CSV file: the column with the posts.")
    ] = None,
    sender: Annotated[str | None, typer.Option(metavar="NAME", help="Of an exported chat: who you are.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="LANGUAGE", help="Keep posts in one language, like en.")] = None,
    spend: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="What reading from X may cost, without being asked.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start over; else a persona that there is goes on with its new posts.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Only queue it, and print the job's number; the bot that runs trains it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the training table, five posts and the time; train nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: the same as JSON.")] = False,
) -> None:
    """Learn an account's voice, or a blend of up to three, like @alice:2 @bob:1.

    An account is @alice, x:alice, @alice.bsky.social, @alice@mastodon.example, or the address of its profile page.
    """
    if as_json and not dry_run:
        raise typer.BadParameter("--json goes with --dry-run.")
    if detach and dry_run:
        raise typer.BadParameter("--dry-run trains nothing, so there is nothing to --detach.")
    from bot.arguments import train_arguments
    from bot.cli.watch import run_watching

    settings = settings_of(ctx)
    named = {"--column": column, "--sender": sender, "--lang": lang, "--spend": spend}
    options = {name: [value] for name, value in named.items() if value is not None}
    options |= {"--from": list(map(str, files or []))} | ({"--fresh": []} if fresh else {})
    wanted = train_arguments(accounts, options)
    if dry_run:
        print(_show(run(_dry_run(settings, wanted)), settings.training.warn_characters, as_json))
    elif detach:
        run(_detached(settings, wanted))
    else:
        try:
            sys.exit(run_watching(lambda watch: _train(settings, wanted, watch)))
        except KeyboardInterrupt:
            print(run(_stopped(settings, wanted)), file=sys.stderr)
            sys.exit(STOPPED)


async def _train(settings: Settings, wanted: TrainArguments, watch: Watch) -> int:
    """Returns the exit code."""
    from bot.cli.console import run_single
    from bot.cli.watch import is_running, watch_job
    from bot.commands import COMMANDS

    if not await is_running(settings):
        return await run_single(settings, COMMANDS["train"], wanted)
    return await watch_job(settings, await _submit(settings, wanted), watch)


async def _stopped(settings: Settings, wanted: TrainArguments) -> str:
    """What to say after Ctrl-C; the job's number is known once it was queued."""
    from bot.cli.watch import is_running

    handles = {voice.handle for voice in wanted.voices}
    try:
        async with store_of(settings) as store:
            jobs = await store.unfinished_jobs()
    except NotFound:  # it was too soon even for a folder
        jobs = []
    mine = [job for job in jobs if {account.handle for account in job.accounts} == handles]
    if not mine:
        return "Stopped. Nothing was queued."
    if await is_running(settings):
        return f"The training goes on. To watch it: mynah jobs watch {mine[0].id}"
    on = f"mynah run, mynah console or mynah train {' '.join(f'@{voice.handle}' for voice in wanted.voices)}"
    return f"Stopped. The training is kept (job {mine[0].id}): {on} goes on with it."


async def _detached(settings: Settings, wanted: TrainArguments) -> None:
    from bot.cli.watch import is_running

    number = await _submit(settings, wanted)
    print(number)
    if not await is_running(settings):
        print("No bot runs on this folder. It is trained when one does: mynah run, or mynah console.", file=sys.stderr)


async def _submit(settings: Settings, wanted: TrainArguments) -> int:
    """The number of its job. Asks where it costs money. Raises MynahError."""
    from bot.arguments import train_line
    from bot.platforms.console.pipe import PipeLines

    wanted = replace(wanted, files=tuple(map(_absolute, wanted.files)))
    try:
        return await _queue(settings, wanted)
    except Costly as costly:
        print(f"{costly} Type yes to go on.", file=sys.stderr)
        answer = await PipeLines().read() or ""
        agreed = replace(wanted, spend=costly.cost)
        if answer.strip().lower() not in {"y", "yes"}:
            line = f"mynah train {train_line(agreed)}"
            raise BadInput(f"Then nothing is read, and nothing spent. To say yes beforehand: {line}") from costly
        return await _queue(settings, agreed)


async def _queue(settings: Settings, wanted: TrainArguments) -> int:
    from bot.control.jobs import TRAIN, Wanted

    try:
        return (await perform(settings, TRAIN, Wanted(arguments=wanted))).job.id
    except AlreadyTraining as error:
        print(error, file=sys.stderr)
        return error.job_id


def _absolute(path: Path) -> Path:
    """The bot that runs is in another folder. Raises BadInput."""
    try:
        whole = path.expanduser().absolute()
        str(whole).encode()  # as it is sent
    except (ValueError, RuntimeError):  # `~` of nobody
        raise BadInput(f"{str(path)!r} can't be the name of a file. Rename it and give its whole path.") from None
    return whole


async def _dry_run(settings: Settings, wanted: TrainArguments) -> DryRun:
    from bot.cli.shared import services_of
    from bot.usecases.train import dry_run

    async with services_of(settings) as services:
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
