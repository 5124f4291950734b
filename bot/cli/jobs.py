"""`mynah jobs`: trainings."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bot.cli import complete
from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, perform, run, settings_of, store_of
from bot.errors import AlreadyTraining, DataDirInUse

if TYPE_CHECKING:
    from bot.cli.watch import Watch
    from bot.domain import Job
    from bot.settings import Settings
    from trainer.protocol import Progress

State = Literal["queued", "running", "done", "failed", "cancelled"]
Number = Annotated[int, typer.Argument(metavar="JOB", min=1, show_default=False, autocompletion=complete.jobs)]
Waiting = Annotated[
    int, typer.Argument(metavar="JOB", min=1, show_default=False, autocompletion=complete.unfinished_jobs)
]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]
NO_LIMIT = -1  # SQLite's
app = noun("Trainings, past and present.")


@app.command("list")
def show_jobs(
    ctx: typer.Context,
    every: Annotated[bool, typer.Option("--all", help="Not only the latest.")] = False,
    state: Annotated[State | None, typer.Option(help="Only those.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many of the latest.")] = 20,
    as_json: Json = False,
) -> None:
    """The latest trainings, newest first."""
    from bot.cli.job_text import COLUMNS, PERSONA, facts, row

    settings = settings_of(ctx)
    jobs, now = run(_jobs(settings, None if every else limit, state))
    alone = run(_alone(settings, jobs))
    far = {now[0]: now[1]} if now else {}
    if as_json:
        show_json([facts(job, far.get(job.id), alone=alone) for job in jobs])
    elif jobs:
        here = datetime.now(UTC)
        show_table(COLUMNS, [row(job, here, far.get(job.id), alone) for job in jobs], PERSONA)
    else:
        print("No such training." if state else "No trainings yet. To start one: mynah train @pip_the_lighthouse")


@app.command()
def show(ctx: typer.Context, number: Number, as_json: Json = False) -> None:
    """Everything about one training."""
    from bot.cli.job_text import details, facts

    settings = settings_of(ctx)
    job, progress, version = run(_job(settings, number))
    alone = run(_alone(settings, [job]))
    if as_json:
        show_json(facts(job, progress, version, alone))
    else:
        print(details(job, progress, version, alone))


@app.command()
def cancel(ctx: typer.Context, number: Waiting) -> None:
    """Stop a training that waits or runs."""
    from bot.control.jobs import CANCEL, JobNumber

    job = run(perform(settings_of(ctx), CANCEL, JobNumber(job_id=number)))
    print(f"Job {job.id} (@{job.persona}) is cancelled.")


@app.command()
def retry(
    ctx: typer.Context,
    number: Number,
    watch: Annotated[bool, typer.Option("--watch", help="Show how far it is, until its end.")] = False,
) -> None:
    """Train a failed or cancelled one again, for who asked for it, as a new job."""
    from bot.cli.watch import run_watching

    sys.exit(run_watching(lambda watching: _retry(settings_of(ctx), number, watching if watch else None)))


@app.command()
def watch(
    ctx: typer.Context,
    number: Annotated[
        int | None, typer.Argument(metavar="[JOB]", min=1, show_default=False, autocompletion=complete.jobs)
    ] = None,
) -> None:
    """Show how far a training is, until its end; without a number, the one that runs."""
    from bot.cli.watch import run_watching, watch_job

    sys.exit(run_watching(lambda watching: watch_job(settings_of(ctx), number, watching)))


@app.command()
def logs(
    ctx: typer.Context,
    number: Number,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")] = False,
) -> None:
    """What was written down about one training."""
    from bot.cli.logs import print_logs

    settings = settings_of(ctx)
    run(_job(settings, number))
    print_logs(settings, job=number, follow=follow)


async def _jobs(
    settings: Settings, limit: int | None, state: State | None
) -> tuple[list[Job], tuple[int, Progress] | None]:
    """The latest ones in a state, with how far the running one is. None: all."""
    async with store_of(settings) as store:
        jobs = await store.jobs(NO_LIMIT if state or limit is None else limit)
    wanted = [job for job in jobs if state in {None, job.state}][:limit]
    return wanted, await _progress(settings, wanted)


async def _job(settings: Settings, number: int) -> tuple[Job, Progress | None, int | None]:
    """With how far it is, and the version that it became. Raises NotFound."""
    from bot.store.library import SqliteLibrary
    from bot.usecases.jobs import became, find

    async with store_of(settings) as store:
        job = await find(store, number)
        version = await became(SqliteLibrary(store.database), settings.data_dir, job)
    now = await _progress(settings, [job])
    return job, now[1] if now and now[0] == number else None, version


async def _retry(settings: Settings, number: int, watch: Watch | None) -> int:
    """Returns the exit code."""
    from bot.cli.job_text import standing
    from bot.cli.watch import is_running, watch_job
    from bot.control.jobs import RETRY, JobNumber

    try:
        job = (await perform(settings, RETRY, JobNumber(job_id=number))).job
    except AlreadyTraining as error:
        if error.job_id != number or await is_running(settings):
            raise
        job, _, _ = await _job(settings, number)
        raise AlreadyTraining(standing(job, datetime.now(UTC)), number) from error
    print(f"@{job.persona} is queued again, as job {job.id}.")
    if watch is not None:
        return await watch_job(settings, job.id, watch)
    if await is_running(settings):
        print(f"To watch it: mynah jobs watch {job.id}", file=sys.stderr)
    else:
        print("No bot runs on this folder. It is trained when one does: mynah run, or mynah console.", file=sys.stderr)
    return 0


async def _alone(settings: Settings, jobs: list[Job]) -> bool:
    """Is one of these recorded as running, though no bot runs?"""
    if all(job.state != "running" for job in jobs):
        return False
    from bot.cli.watch import is_running

    try:
        return not await is_running(settings)
    except DataDirInUse:  # it hangs
        return False


async def _progress(settings: Settings, jobs: list[Job]) -> tuple[int, Progress] | None:
    """Of the one that runs, if it is among these: the bot that runs is asked."""
    if all(job.state != "running" for job in jobs):
        return None
    from bot.control.client import connected
    from bot.control.jobs import PROGRESS
    from bot.control.operation import Nothing
    from bot.folders import Folders

    try:
        async with connected(Folders(settings.data_dir).control) as remote:
            return await remote.perform(PROGRESS, Nothing()) if remote is not None else None
    except DataDirInUse:  # it hangs: what is recorded can be told all the same
        return None
