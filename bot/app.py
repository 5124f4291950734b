"""The composition root: settings → running services. The only place that names concrete adapters."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager

from filelock import FileLock, Timeout

from bot.clients import ConverterClient, GeneratorClient, TrainerClient, WorkerSlot
from bot.domain import Job
from bot.errors import DataDirInUse, MynahError, SettingsError
from bot.folders import Folders
from bot.hub import HuggingFaceHub
from bot.jobs import JobRunner
from bot.live import LiveSettings
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
from bot.usecases.gate import Gate
from bot.usecases.services import Services
from bot.watching import Watchers
from bot.workers import READY_SECONDS, worker_command
from trainer.tracking.installed import TrackingMissing, check_installed

MEGABYTE = 1024 * 1024
DOWNLOAD_SECONDS = 3600.0  # a base model by hub name is downloaded before its worker is ready
logger = logging.getLogger(__name__)


@asynccontextmanager
async def open_services(settings: Settings, notifier: Notifier) -> AsyncIterator[Services]:
    """Everything but running workers and jobs: those start when they are needed, or by `run_jobs` and `warm_up`."""
    folders = Folders(settings.data_dir)
    folders.make()
    live, watchers = LiveSettings(settings), Watchers(notifier)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(SqliteStore.open(folders.database))
        sources = await stack.enter_async_context(open_sources(settings, folders.root, SqliteSpending(store.database)))
        generator = GeneratorClient(
            _slot(settings, folders, "serve", settings.generation.threads, *serve_options(settings))
        )
        stack.push_async_callback(generator.slot.close)
        pool = ModelPool(
            load=lambda key: generator.load(key, folders.root / "personas" / key),
            unload=generator.unload,
            max_bytes=settings.pool.max_megabytes * MEGABYTE,
            wait_seconds=settings.pool.wait_seconds,
            clock=time.monotonic,
        )
        generator.slot.on_death = pool.reset
        trainer = TrainerClient(_slot(settings, folders, "train", settings.training.threads))
        stack.push_async_callback(trainer.slot.close)
        converter = ConverterClient(_slot(settings, folders, "convert", settings.training.threads))
        stack.push_async_callback(converter.slot.close)
        training = Training(
            store=store,
            sources=sources,
            trainer=trainer,
            folders=folders,
            live=live,
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
        yield Services(
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
        )


def serve_options(settings: Settings) -> list[str]:
    """Of the serve worker's command line."""
    own = settings.generation
    names = {"--precision": own.precision, "--rows": own.rows, "--cache-megabytes": own.cache_megabytes}
    return [part for name, value in {**names, "--queue": own.queue}.items() for part in (name, str(value))]


def _slot(settings: Settings, folders: Folders, role: str, threads: int, *options: str) -> WorkerSlot:
    return WorkerSlot(
        worker_command(role, settings.base_model, threads, *options),
        folders.logs / f"{role}.log",
        ready_seconds=READY_SECONDS if settings.base_model == "bundled" else DOWNLOAD_SECONDS,
    )


def check_tracking(settings: Settings) -> None:
    """Raises SettingsError."""
    try:
        check_installed(settings.tracking.backends)
    except TrackingMissing as error:
        raise SettingsError(str(error)) from error


@contextmanager
def own_folder(services: Services) -> Iterator[None]:
    """Be the one process that changes personas in this folder. Raises DataDirInUse when another one is."""
    lock = FileLock(services.folders.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise DataDirInUse(
            f"Another mynah is already running on {services.folders.root}. Use that one, or close it first, "
            "or give this one a folder of its own with --data-dir."
        ) from None
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def run_jobs(services: Services) -> AsyncIterator[list[Job]]:
    """Run the queue, and take the CLI's operations, meanwhile. Gives the jobs that the last process left unfinished,
    queued again now or failed.

    Raises DataDirInUse, or SettingsError where what they need isn't installed.
    """
    from bot.control.server import listening  # its library takes a fifth of a second

    check_tracking(services.settings)
    with own_folder(services):
        recovered = await services.jobs.recover()
        async with _background(services.jobs.run()), listening(services, services.folders.control):
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
    """Start the serving worker now, so that the first /say needn't wait for it."""

    async def start() -> None:
        try:
            await services.generator.warm()
        except MynahError as error:
            logger.info("warming up the serve worker: %s", error)  # the first /say will say it to the person

    return asyncio.create_task(start())
