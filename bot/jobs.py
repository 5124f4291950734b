"""JobRunner: claim → train → notify → report card. One job at a time.

A job's end is recorded even while the bot stops. When the bot stops in the middle of a job, the job goes back to the
queue and starts again with the bot; one that was started MAX_ATTEMPTS times without an end has failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot import traces
from bot.domain import Job, JobState
from bot.errors import MynahError, OperatorError
from bot.folders import Folders
from bot.ports import Notifier, Store
from bot.texts import OUR_FAULT, Text
from bot.training import Published, Training
from trainer.logs import get_logger
from trainer.manifest import write_manifest
from trainer.protocol import Progress, Reported

MAX_ATTEMPTS = 2
NOTIFY_SECONDS = 0.2
REST_SECONDS = 300.0
RETRY_SECONDS = 10.0
CANCELLED = Text("It was cancelled.")
logger = logging.getLogger(__name__)
log = get_logger(__name__)


@dataclass
class Run:
    """The job that is running. `ended` is set when its end is recorded and told, `settled` after its report card."""

    job_id: int
    task: asyncio.Task[Published]
    began: float = field(default_factory=time.monotonic)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False  # a person said so

    @property
    def stopped(self) -> bool:
        """It has ended because the bot is stopping."""
        return self.task.cancelled() and not self.cancelled

    @property
    def published(self) -> Published | None:
        """What came of it, if it has ended well."""
        task = self.task
        return task.result() if task.done() and not task.cancelled() and task.exception() is None else None

    @property
    def outcome(self) -> JobState:
        """Where its job goes now that its task is over."""
        if self.task.cancelled():
            return JobState.QUEUED if self.stopped else JobState.CANCELLED
        return JobState.FAILED if self.task.exception() else JobState.DONE


@dataclass
class JobRunner:
    """Runs the store's queue. `on_publish` is told a persona's name when it has a new version.

    `on_nothing`: a job that came to nothing, through no whim of who asked for it.
    """

    store: Store
    training: Training
    notifier: Notifier
    folders: Folders
    on_publish: Callable[[str], Awaitable[None]]
    on_nothing: Callable[[Job], Awaitable[None]]
    progress: tuple[int, Progress] | None = None  # the running job, and how far it is
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _claiming: asyncio.Lock = field(default_factory=asyncio.Lock)
    _running: Run | None = None
    _measuring: Run | None = None  # the last one that was running

    async def recover(self) -> list[Job]:
        """After a start: queue what the last process left unfinished. Returns those jobs as they are now.

        What such a job has in its work folder stays: the trainer goes on from there.
        """
        requeued = await self.store.requeue_interrupted(MAX_ATTEMPTS)
        for job_id in self.folders.jobs_with_work():
            job = await self.store.job(job_id)
            if job is None or job.state is not JobState.QUEUED:
                self.folders.drop_work(job_id)
        waiting = await self.store.unfinished_jobs()
        self.folders.keep_uploads(account.reference for job in waiting for account in job.accounts)
        return requeued

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._wake.clear()
            try:
                job = await self._claim()
            except Exception:  # a full disk, for example: the queue goes on when it has passed
                logger.exception("no job could be claimed")
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if job is None:
                await self._wait_for_work()
            else:
                with traces.job(job.id):
                    log.info("job started", persona=job.persona, asked_on=job.caller.platform, attempt=job.attempts)
                    await self._see_through(job)

    async def _claim(self) -> Job | None:
        async with self._claiming:
            job = await self.store.claim_job()
            if job is not None:
                with traces.job(job.id):
                    training = self.training.run(job, self._reporter(job))
                    self._running = Run(job.id, asyncio.create_task(training, name=f"job {job.id}"))
            return job

    async def _wait_for_work(self) -> None:
        """Until there is some; after a while without, the trainer gives its memory back."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REST_SECONDS):
                await self._wake.wait()
                return
        await self.training.trainer.rest()
        await self._wake.wait()

    def wake(self) -> None:
        """There is a new job."""
        self._wake.set()

    async def cancel(self, job_id: int) -> bool:
        """Stop a queued or running job; False when it had ended, or ended otherwise. Returns when it has stopped."""
        async with self._claiming:
            run = self._running
            waiting = run is None or run.job_id != job_id
            moved = waiting and await self.store.move_job(job_id, JobState.CANCELLED, CANCELLED)
            if run is not None and not waiting and not run.cancelled:
                run.cancelled = True
                run.task.cancel()
        if run is not None and not waiting:
            await run.ended.wait()
        job = await self.store.job(job_id)
        if moved and job is not None:  # of an attempt before there may be something
            self._drop(job)
            await self._carry_on(self.on_nothing(job))
            await self._carry_on(self.notifier.failed(job, CANCELLED))
        return job is not None and job.state is JobState.CANCELLED and (moved or not waiting)

    def _drop(self, job: Job) -> None:
        """What it had on the disk."""
        self.folders.drop_work(job.id)
        self.folders.drop_uploads(account.reference for account in job.accounts)

    async def settled(self, job_id: int) -> None:
        """Until a job that has ended has its report card, or won't get one."""
        if self._measuring is not None and self._measuring.job_id == job_id:
            await self._measuring.settled.wait()

    async def _see_through(self, job: Job) -> None:
        """Wait for the running job's end, and record and tell it; then for its report card. A bot's stop ends it."""
        assert self._running is not None
        run = self._measuring = self._running
        try:
            await self._until_concluded(job, run)
            if run.published:
                await self._carry_on(self._fill_in(job, run.published))
        finally:
            if run.published:
                await run.published.events.aclose()
            run.settled.set()

    async def _until_concluded(self, job: Job, run: Run) -> None:
        try:
            await asyncio.wait([run.task])
        finally:
            run.task.cancel()
            await asyncio.wait([run.task])
            if not run.stopped:
                self._drop(job)  # first: on a full disk, this makes the room for the rest
            concluding = asyncio.create_task(self._conclude(job, run))
            try:
                await asyncio.shield(concluding)
            except asyncio.CancelledError:  # a stop at this very moment: the record comes first
                await asyncio.wait([concluding])
                raise
            finally:
                self._running = self.progress = None
                run.ended.set()

    async def _conclude(self, job: Job, run: Run) -> None:
        seconds = round(time.monotonic() - run.began, 1)
        log.info("job ended", persona=job.persona, state=run.outcome, seconds=seconds, attempts=job.attempts)
        if run.stopped:
            await self._record(job, JobState.QUEUED)
        elif run.task.cancelled():
            await self._end(job, JobState.CANCELLED, CANCELLED)
        elif error := run.task.exception():
            await self._end(job, JobState.FAILED, self._explain(job, error))
        else:
            persona = run.task.result().persona
            await self._record(job, JobState.DONE)
            job = await self._latest(job)
            await self._carry_on(self.store.set_current_persona(job.caller.channel, persona.name))
            await self._carry_on(self.on_publish(persona.name))
            self.folders.drop_old_versions(persona.name, persona.version)
            await self._carry_on(self.notifier.trained(job, persona))

    async def _latest(self, job: Job) -> Job:
        """Its group may have got another name."""
        try:
            return await self.store.job(job.id) or job
        except OperatorError as error:
            logger.error("%s", error)
            return job

    async def _fill_in(self, job: Job, published: Published) -> None:
        async for event in published.events:
            if isinstance(event, Reported):
                persona = await self.store.add_report(published.persona, event.card)
                await asyncio.to_thread(write_manifest, self.folders.root / persona.folder, persona.manifest)
                await self.notifier.reported(job, persona)

    async def _end(self, job: Job, state: JobState, message: str) -> None:
        await self._record(job, state, message)
        if state is JobState.FAILED:
            await self._carry_on(self.on_nothing(job))
        await self._carry_on(self.notifier.failed(job, message))

    async def _record(self, job: Job, state: JobState, message: str | None = None) -> None:
        """Where the store can't take it, the job stays "running", and the next start of the bot sees to it."""
        try:
            await asyncio.shield(self.store.move_job(job.id, state, message))
        except OperatorError as error:
            logger.error("job %d is %s, but this could not be recorded: %s", job.id, state, error)

    def _explain(self, job: Job, error: BaseException) -> str:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            return Text("The disk is full. Free some space, then train again; what was there before is not lost.")
        if isinstance(error, MynahError):
            if isinstance(error, OperatorError):
                logger.error("job %d: %s", job.id, error)
                return OUR_FAULT if job.caller.space else error.text
            return error.text
        logger.exception("job %d failed", job.id, exc_info=error)
        return Text(
            "Something went wrong inside ({error}); the operator's log has the details. Try again.",
            error=type(error).__name__,
        )

    def _reporter(self, job: Job) -> Callable[[Progress], None]:
        """Passes progress on to the notifier, not too often; may be called from any thread."""
        loop = asyncio.get_running_loop()
        pace = Pace()
        tasks: set[asyncio.Task[None]] = set()

        def tell(progress: Progress) -> None:
            if self._running is None or self._running.job_id != job.id:
                return  # from a thread that was still at work when the job ended
            self.progress = (job.id, progress)
            if pace.lets(progress, time.monotonic()):
                task = loop.create_task(self._carry_on(self.notifier.progress(job, progress)))
                tasks.add(task)
                task.add_done_callback(tasks.discard)

        def report(progress: Progress) -> None:
            loop.call_soon_threadsafe(tell, progress)

        return report

    async def _carry_on(self, step: Awaitable[None]) -> None:
        """What a job doesn't fail by, such as a messenger that can't be reached."""
        try:
            await step
        except Exception:
            logger.exception("beside a job")


@dataclass
class Pace:
    """Lets through the first event of each stage, then one every NOTIFY_SECONDS, and the preview."""

    _stage: str = ""
    _last: float = 0.0

    def lets(self, progress: Progress, now: float) -> bool:
        if progress.preview is None and progress.stage == self._stage and now - self._last < NOTIFY_SECONDS:
            return False
        self._stage, self._last = progress.stage, now
        return True
