"""The composition root: settings → running services. The only place that names concrete adapters."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bot.clients import ConverterClient, GeneratorClient, TrainerClient, WorkerSlot
from bot.domain import Job
from bot.errors import SettingsError
from bot.folders import Folders
from bot.health import SERVE, Health, until_stopped
from bot.hub import HuggingFaceHub
from bot.jobs import JobRunner
from bot.live import LiveSettings
from bot.metrics import Metrics, Timed
from bot.pictures.painter import Painter
from bot.pool import ModelPool
from bot.ports import Notifier
from bot.settings import Settings
from bot.sources.opening import open_sources
from bot.store.chats import SqliteChats
from bot.store.inbox import SqliteInbox
from bot.store.library import SqliteLibrary
from bot.store.spending import SqliteSpending
from bot.store.sqlite import SqliteStore
from bot.store.users import SqliteUsers
from bot.training import Training
from bot.usecases.disk import make_room
from bot.usecases.gate import Gate
from bot.usecases.services import Services
from bot.watching import Watchers
from bot.workers import READY_SECONDS, worker_command
from trainer.tracking.installed import TrackingMissing, check_installed

MEGABYTE = 1024 * 1024
DOWNLOAD_SECONDS = 3600.0  # a base model by hub name is downloaded before its worker is ready


@asynccontextmanager
async def open_services(
    settings: Settings, notifier: Notifier, health: Health | None = None
) -> AsyncIterator[Services]:
    """Everything but running workers and jobs: those start when they are needed, or by `run_jobs` and `warm_up`.

    `health`: of a process that others look at.
    """
    folders = Folders(settings.data_dir)
    folders.make()
    live, metrics, health = LiveSettings(settings), Metrics(), health or Health()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore.open(folders.database))
        spending = SqliteSpending(store.database)
        sources = await stack.enter_async_context(open_sources(settings, folders.root, spending))
        generator = GeneratorClient(
            _slot(settings, folders, "serve", settings.generation.threads, *serve_options(settings))
        )
        health.parts[SERVE] = lambda: generator.slot.is_ready
        pool = ModelPool(
            load=lambda key: generator.load(key, folders.root / "personas" / key),
            unload=generator.unload,
            max_bytes=settings.pool.max_megabytes * MEGABYTE,
            wait_seconds=settings.pool.wait_seconds,
            clock=time.monotonic,
        )
        generator.slot.on_death = pool.reset
        trainer = TrainerClient(_slot(settings, folders, "train", settings.training.threads))
        converter = ConverterClient(_slot(settings, folders, "convert", settings.training.threads))
        stack.push_async_callback(_close, generator.slot, trainer.slot, converter.slot)
        watchers = Watchers(Timed(notifier, store, metrics))
        training = Training(
            store=store,
            sources=sources,
            trainer=trainer,
            folders=folders,
            live=live,
            make_room=lambda: make_room(services),
        )
        jobs = JobRunner(
            store=store,
            training=training,
            notifier=watchers,
            folders=folders,
            on_publish=lambda name: pool.drop(f"{name}/"),
            on_nothing=lambda job: gate.give_training_back(job.caller),
        )
        chats, users = SqliteChats(store.database), SqliteUsers(store.database)
        gate = Gate(store, chats, users, live)
        services = Services(
            live=live,
            folders=folders,
            store=store,
            library=SqliteLibrary(store.database),
            chats=chats,
            users=users,
            inbox=SqliteInbox(store.database),
            sources=sources,
            jobs=jobs,
            pool=pool,
            generator=generator,
            gate=gate,
            painter=Painter(folders),
            converter=converter,
            hub=HuggingFaceHub(settings.hub),
            watchers=watchers,
            spending=spending,
            metrics=metrics,
            health=health,
        )
        yield services


async def _close(*slots: WorkerSlot) -> None:
    """All at once: each may take its grace."""
    await asyncio.gather(*(slot.close() for slot in slots))


def serve_options(settings: Settings) -> list[str]:
    """Of the serve worker's command line."""
    own = settings.generation
    names = {"--precision": own.precision, "--rows": own.rows, "--cache-megabytes": own.cache_megabytes}
    return [part for name, value in {**names, "--queue": own.queue}.items() for part in (name, str(value))]


def log_options(settings: Settings, path: Path) -> list[str]:
    """Of any worker's command line."""
    own = settings.logs
    options = ["--log-file", str(path), "--log-level", own.level, "--log-megabytes", str(own.file_megabytes)]
    return [*options, "--log-content"] if own.log_content else options


def _slot(settings: Settings, folders: Folders, role: str, threads: int, *options: str) -> WorkerSlot:
    log = folders.logs / f"{role}.log"
    return WorkerSlot(
        worker_command(role, settings.base_model, threads, *options, *log_options(settings, log)),
        log,
        ready_seconds=READY_SECONDS if settings.base_model == "bundled" else DOWNLOAD_SECONDS,
    )


def check_tracking(settings: Settings) -> None:
    """Raises SettingsError."""
    try:
        check_installed(settings.tracking.backends)
    except TrackingMissing as error:
        raise SettingsError(str(error)) from error


@asynccontextmanager
async def run_jobs(services: Services) -> AsyncIterator[list[Job]]:
    """Run the queue, and take the CLI's operations, meanwhile. Gives the jobs that the last process left unfinished,
    queued again now or failed.

    Raises DataDirInUse, or SettingsError where what they need isn't installed.
    """
    from bot.control.server import listening  # its library takes a fifth of a second

    check_tracking(services.settings)
    with services.folders.owned():
        recovered = await services.jobs.recover()
        jobs = until_stopped(services.jobs.run(), services.health.stopping)
        async with _background(jobs), listening(services, services.folders.control):
            yield recovered


@asynccontextmanager
async def _background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def warm_up(services: Services) -> asyncio.Task[None]:
    """Start the serving worker now, and again when it has died, so that no /say needs to wait for it."""
    return asyncio.create_task(services.generator.stay_warm())
