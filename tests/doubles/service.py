from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.domain import AccountSource, Caller, Job, Persona
from bot.folders import Folders
from bot.health import Health
from bot.jobs import JobRunner
from bot.live import LiveSettings
from bot.metrics import Metrics, Timed
from bot.pool import ModelPool
from bot.settings import Settings, TrainingSettings
from bot.sources.zstd import write_posts
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
from tests.builders import manifest
from tests.doubles.converter import FakeConverter, FakeHub
from tests.doubles.generator import FakeGenerator
from tests.doubles.notifier import RecordingNotifier
from tests.doubles.painter import FakePainter
from tests.doubles.sources import FakeSources, make_posts
from tests.doubles.trainer import ADAPTER, FakeTrainer
from trainer.protocol import BlocklistOptions

CALLER = Caller("test", "me", "here")


@dataclass
class FakeService:
    """Services with a real store, job runner and pool, over fakes of everything outside."""

    services: Services
    store: SqliteStore
    jobs: JobRunner
    sources: FakeSources
    trainer: FakeTrainer
    generator: FakeGenerator
    notifier: RecordingNotifier
    folders: Folders
    painter: FakePainter
    converter: FakeConverter
    hub: FakeHub
    published: list[str] = field(default_factory=list)  # what the job runner told by `on_publish`

    async def add_job(self, persona: str = "pip", caller: Caller = CALLER, fresh: bool = False) -> Job:
        accounts = [AccountSource(handle, f"fake:{handle}") for handle in persona.split("-")]
        job = await self.store.add_job(accounts, persona, caller, fresh)
        self.jobs.wake()
        return job

    async def job(self, job_id: int) -> Job:
        job = await self.store.job(job_id)
        assert job is not None
        return job

    async def add_persona(self, name: str = "pip", version: int = 1, n_bytes: int = 4) -> Persona:
        """A persona as a training leaves it, its posts included."""
        place = self.folders.version(name, version)
        place.mkdir(parents=True)
        (place / ADAPTER).write_text("an adapter")
        for handle in name.split("-"):
            write_posts(self.folders.posts(name, handle), make_posts(2))
        return await self.store.publish(name, version, self.folders.relative(place), n_bytes, manifest(name))

    async def train(self, persona: str = "pip", fresh: bool = False) -> Job:
        """A job seen through; returns it as it is then."""
        job = await self.add_job(persona, fresh=fresh)
        async with self.running():
            await self.notifier.wait(job.id)
        return await self.job(job.id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        """The job runner at work, stopped at the end as the bot stops it."""
        task = asyncio.create_task(self.jobs.run())
        try:
            yield task
        finally:
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=10)
            assert done, "the job runner doesn't stop"
            with suppress(asyncio.CancelledError):
                task.result()

    async def tell_publish(self, name: str) -> None:
        self.published.append(name)


@asynccontextmanager
async def fake_service(folder: Path, settings: Settings | None = None) -> AsyncIterator[FakeService]:
    folders = Folders(folder)
    settings = settings or Settings(
        data_dir=folder, training=TrainingSettings(min_characters=300), blocklist=BlocklistOptions(add=("xyzzy",))
    )
    sources = FakeSources({handle: make_posts(beginning=f"{handle} says ") for handle in ("pip", "ladle", "bob")})
    trainer, generator, notifier = FakeTrainer(), FakeGenerator(), RecordingNotifier()
    pool = ModelPool(
        load=generator.load,
        unload=generator.unload,
        max_bytes=100,
        wait_seconds=0.05,
        clock=asyncio.get_running_loop().time,
    )
    live, metrics = LiveSettings(settings), Metrics()
    async with SqliteStore.open(folders.database) as store:
        watchers = Watchers(Timed(notifier, store, metrics))
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
            on_publish=lambda name: service.tell_publish(name),
            on_nothing=lambda job: gate.give_training_back(job.caller),
        )
        chats, users = SqliteChats(store.database), SqliteUsers(store.database)
        gate = Gate(store, chats, users, live)
        painter, converter, hub = FakePainter(folders), FakeConverter(), FakeHub()
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
            painter=painter,
            converter=converter,
            hub=hub,
            watchers=watchers,
            spending=SqliteSpending(store.database),
            metrics=metrics,
            health=Health(),
        )
        service = FakeService(
            services, store, jobs, sources, trainer, generator, notifier, folders, painter, converter, hub
        )
        yield service
