"""One job's training: fetch → clean → train → check → publish."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.contrast import contrast_posts
from bot.domain import Job, Persona, is_private, kept_by, train_command
from bot.errors import BadInput, Busy, DiskFull, MynahError, OperatorError
from bot.folders import Folders
from bot.live import LiveSettings
from bot.ports import Sources, Store, Trainer
from bot.preparation import Prepared, Report, prepare, preview, split_prepared
from bot.settings import Settings, TrackingSettings
from bot.texts import Text
from trainer.corpus import posts_digest
from trainer.digest import sha256
from trainer.manifest import read_manifest
from trainer.protocol import (
    AccountCounts,
    Hyperparameters,
    Lineage,
    PostsDigest,
    Progress,
    Refresh,
    Reported,
    Tracking,
    Trained,
    TrainRequest,
)
from trainer.split import Split

logger = logging.getLogger(__name__)

NOBODYS = "-"  # a space that nobody is in: the operator hears it all the same
MEGABYTE = 1024 * 1024
NO_ROOM = Text(
    "There is no room on my disk for another training. Those who are here can still talk; "
    "whoever runs me finds in the log how to make room. Try again later."
)
Events = AsyncGenerator[Progress | Trained | Reported, None]


async def as_it_is() -> None:
    """Where nothing is removed to make room."""


@dataclass(frozen=True)
class Published:
    """A job's persona, in use; `events` is what the trainer has still to tell: its report card."""

    persona: Persona
    events: Events


@dataclass(frozen=True)
class Training:
    """How a job becomes a persona. `make_room`, before each: keeps the disk's budgets, or raises DiskFull."""

    store: Store
    sources: Sources
    trainer: Trainer
    folders: Folders
    live: LiveSettings
    make_room: Callable[[], Awaitable[None]] = as_it_is

    @property
    def settings(self) -> Settings:
        return self.live.now

    async def run(self, job: Job, report: Report) -> Published:
        """Raises MynahError, or OSError from a full disk. Publishing is done whole, whoever cancels."""
        await self._check_room(job)
        warming = asyncio.create_task(self._warm())
        try:
            before = None if job.fresh else await self.store.persona(job.persona)
            space = await self._space(job)  # now: what its posts are kept for may be forgotten meanwhile
            prepared = await prepare(self.sources, job.accounts, self.settings, report, before.name if before else None)
            prepared = with_private_sources(before, prepared)
            report(Progress(stage="clean", preview=preview(prepared)))
            refresh = self._refresh(before, prepared)
            contrast = await contrast_posts(self.sources, [account.handle for account in job.accounts])
            request = await asyncio.to_thread(self._write_request, job, prepared, contrast, refresh)
            await warming
        finally:
            warming.cancel()
        events = self.trainer.train(request)
        try:
            n_bytes = await self._until_trained(events, report)
            report(Progress(stage="publish"))
            return Published(await to_its_end(self._publish(job, prepared, n_bytes, space)), events)
        except BaseException:
            await events.aclose()
            raise

    async def _check_room(self, job: Job) -> None:
        """Raises DiskFull, for people on messengers Busy: the disk is the operator's business."""
        try:
            await self.make_room()
            self.folders.check_free_space(self.settings.disk.keep_free_megabytes * MEGABYTE)
        except DiskFull as error:
            if not job.caller.space:
                raise
            logger.error("job %d: %s", job.id, error)
            raise Busy(NO_ROOM) from error

    async def _moved(self, job: Job, space: str | None) -> str | None:
        """A group may have got another name while its job ran."""
        latest = await self.store.job(job.id)
        return latest.caller.space if latest is not None and space == job.caller.space else space

    def _refresh(self, before: Persona | None, prepared: Sequence[Prepared]) -> Refresh | None:
        """What a training of a persona that there is goes on from. Raises BadInput when nothing has changed."""
        if (
            before is None
            or before.manifest.run is None
            or set(before.weights) != {one.counts.handle for one in prepared}
        ):
            return None  # one that was pulled can't always be gone on from
        new = sum(one.new for one in prepared)
        if not new and self._asked(prepared) == self._had(before):
            raise nothing_new(before)
        return Refresh(folder=str(self.folders.root / before.folder), version=before.version, new_posts=new)

    def _asked(self, prepared: Sequence[Prepared]) -> tuple[object, ...]:
        accounts = {one.counts.handle: (one.counts.weight, one.counts.language) for one in prepared}
        return accounts, self.settings.training.method, self.settings.base_model

    def _had(self, before: Persona) -> tuple[object, ...]:
        accounts = {handle: (weight, before.languages[handle]) for handle, weight in before.weights.items()}
        return accounts, before.manifest.method, before.manifest.base.name

    async def _until_trained(self, events: Events, report: Report) -> int:
        async for event in events:
            if isinstance(event, Trained):
                return event.n_bytes
            if isinstance(event, Progress):
                report(event)
        raise OperatorError("The training ended without a result. Try again.")

    async def _warm(self) -> None:
        try:
            await self.trainer.warm()
        except MynahError as error:
            logger.info("warming up the train worker: %s", error)  # training itself will say it to the person

    def _write_request(
        self,
        job: Job,
        prepared: list[Prepared],
        contrast: Mapping[str, Sequence[str]],
        refresh: Refresh | None,
    ) -> TrainRequest:
        chosen = Hyperparameters(
            method=self.settings.training.method,
            epochs=self.settings.training.epochs,
            learning_rate=self.settings.training.learning_rate,
            lora_rank=self.settings.training.lora_rank,
            seed=self.settings.training.seed,
        )
        split = split_prepared(prepared, chosen.seed)
        corpus = self.folders.write_corpus(job.id, split)
        return TrainRequest(
            id=0,
            persona=job.persona,
            accounts=counted(prepared, split),
            corpus=str(corpus),
            contrast=str(self.folders.write_contrast(job.id, contrast)),
            out=str(self.folders.unfinished(job.id)),
            refresh=refresh,
            hyperparameters=chosen,
            blocklist=self.settings.blocklist,
            lineage=lineage(job, prepared, sha256(corpus), chosen),
            tracking=tracking(self.settings.tracking, self.folders),
        )

    async def _publish(self, job: Job, prepared: list[Prepared], n_bytes: int, space: str | None) -> Persona:
        """Files by one rename, then the store's pointer by one transaction; a crash between them leaves the old one.

        The posts come last, by renames: until the version is there that has learnt them, they are new.
        """
        number = await self.store.next_version(job.persona)
        finished = self.folders.unfinished(job.id)
        manifest = await asyncio.to_thread(read_manifest, finished)
        for one in prepared:
            waiting = self.folders.new_posts(job.id, one.counts.handle)
            await asyncio.to_thread(self.sources.keep, waiting, one.counts.source, one.posts)
        place = await asyncio.to_thread(self.folders.publish, finished, job.persona, number)
        folder = self.folders.relative(place)
        space = await self._moved(job, space)
        persona = await self.store.publish(job.persona, number, folder, n_bytes, manifest, space)
        for one in prepared:
            await asyncio.to_thread(self.folders.keep_posts, job.id, job.persona, one.counts.handle)
            await asyncio.to_thread(self.folders.keep_avatar, job.persona, one.counts.handle, one.avatar)
        return persona

    async def _space(self, job: Job) -> str | None:
        """Who else may see it: the operator's training shows nobody what people of one space have given."""
        if job.caller.space:
            return job.caller.space
        if await self.store.persona(job.persona) is not None:
            return None
        kept = [await self.store.spaces(keeper) for one in job.accounts if (keeper := kept_by(one.reference))]
        hidden = [spaces for spaces in kept if "" not in spaces]
        return min(set.intersection(*hidden), default=NOBODYS) if hidden else ""


def counted(prepared: Sequence[Prepared], split: Split) -> tuple[AccountCounts, ...]:
    """The training table, with the duplicates that were found on the way to the corpus."""
    rows = (one.counts for one in prepared)
    return tuple(row.model_copy(update={"duplicates": n}) for row, n in zip(rows, split.duplicates, strict=True))


def lineage(job: Job, prepared: Sequence[Prepared], corpus_sha256: str, asked: Hyperparameters) -> Lineage:
    return Lineage(
        job=job.id,
        asked_by=f"{job.caller.platform}:{job.caller.user}",
        asked_at=job.created_at,
        posts=tuple(PostsDigest(handle=one.counts.handle, sha256=posts_digest(one.posts)) for one in prepared),
        corpus_sha256=corpus_sha256,
        hyperparameters=asked,
    )


def tracking(settings: TrackingSettings, folders: Folders) -> Tracking:
    return Tracking(**settings.model_dump(), folder=str(folders.tracking))


def with_private_sources(before: Persona | None, prepared: list[Prepared]) -> list[Prepared]:
    """What somebody gave once is in there still, also where an account's posts come from a public source now."""
    old = {account.handle: account.source for account in before.manifest.corpus.accounts} if before else {}
    return [
        replace(one, counts=one.counts.model_copy(update={"source": old[one.counts.handle]}))
        if is_private(old.get(one.counts.handle, ""))
        else one
        for one in prepared
    ]


def nothing_new(before: Persona) -> BadInput:
    return BadInput(
        Text(
            "@{persona} has no new posts since version {version}, so it stays as it is. "
            "To train it again from the start: {command}",
            persona=before.name,
            version=before.version,
            command=train_command(before.weights.items(), *_options(before)),
        )
    )


def _options(before: Persona) -> list[str]:
    languages = {language for language in before.languages.values() if language}
    return [*(f"--lang {language}" for language in sorted(languages)[:1]), "--fresh"]


async def to_its_end(publishing: Coroutine[None, None, Persona]) -> Persona:
    """Publishing is done whole or fails, whoever cancels: it is short, and its threads can't be stopped."""
    task = asyncio.create_task(publishing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        return task.result()
