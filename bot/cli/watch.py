"""Watching what a bot that runs on this folder trains, as the console shows its own trainings."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.cli.job_text import standing
from bot.cli.shared import STOPPED, run, store_of
from bot.control.client import Remote, connected
from bot.control.jobs import WATCH, Watched
from bot.control.operation import Event, Note
from bot.domain import Job, JobState
from bot.folders import Folders
from bot.pictures.painter import Painter
from bot.platforms.console.album import Album
from bot.platforms.console.console import ConsoleNotifier
from bot.platforms.console.screen import LineScreen, PlainScreen, Screen
from bot.settings import Settings
from bot.usecases.jobs import find
from bot.watching import News


@dataclass
class Watch:
    """Which job is being watched in this terminal, once that is known."""

    job_id: int | None = None


def run_watching(work: Callable[[Watch], Coroutine[None, None, int]]) -> int:
    """Returns the exit code. Ctrl-C ends the watching, not what the bot does; that is said."""
    watch = Watch()
    try:
        return run(work(watch))
    except KeyboardInterrupt:
        if watch.job_id is None:
            raise
        print(f"The training goes on. To watch it again: mynah jobs watch {watch.job_id}", file=sys.stderr)
        return STOPPED


async def is_running(settings: Settings) -> bool:
    """Is there a bot on this folder?"""
    async with connected(Folders(settings.data_dir).control) as remote:
        return remote is not None


async def watch_job(settings: Settings, job_id: int | None, watch: Watch) -> int:
    """Until the job has its end and its report card; None: the one that is running. Returns the exit code.

    Where no bot runs, how the job stands is all there is to say. Raises NotFound, or OperatorError.
    """
    async with connected(Folders(settings.data_dir).control) as remote:
        if remote is not None:
            return _code(await _follow(settings, remote, job_id, watch))
    async with store_of(settings) as store:
        waiting = [] if job_id is not None else await store.unfinished_jobs()
        job = await find(store, job_id) if job_id is not None else waiting[0] if waiting else None
    print(f"Nothing is at work in {settings.data_dir}.")
    if job is None:
        return 0
    print(standing(job, datetime.now(UTC)))
    return _code(job)


def _code(job: Job) -> int:
    return int(job.state is not JobState.DONE)


async def _follow(settings: Settings, remote: Remote, job_id: int | None, watch: Watch) -> Job:
    folders = Folders(settings.data_dir)
    screen: Screen = LineScreen() if sys.stdout.isatty() else PlainScreen()
    album = Album(Painter(folders), folders)
    plain = isinstance(screen, PlainScreen)
    notifier = ConsoleNotifier(settings.training.warn_characters, screen, album, show_stages=plain)
    ends: list[News] = []

    async def tell(event: Event) -> None:
        if isinstance(event, Note):
            screen.print(event.text)
        elif isinstance(event, News):
            watch.job_id = event.job.id
            ends.extend([event] if event.persona or event.failure is not None else [])
            await show(notifier, event)

    try:
        job = await remote.perform(WATCH, Watched(job_id=job_id), tell)
    finally:
        screen.live(f"job {watch.job_id}", None)
    if not ends:  # it had ended, or was over in a moment
        screen.print(standing(job, datetime.now(UTC)))
    return job


async def show(notifier: ConsoleNotifier, news: News) -> None:
    """One piece of news, as if it were told in the process that makes it."""
    if news.progress is not None:
        await notifier.progress(news.job, news.progress)
    elif news.failure is not None:
        await notifier.failed(news.job, news.failure)
    elif news.persona is not None:
        await (notifier.reported if news.reported else notifier.trained)(news.job, news.persona)
