"""Trainings, past and present; stopping one, and trying one again."""

from __future__ import annotations

from pathlib import Path

from bot.domain import Caller, Job, JobState, Voice
from bot.errors import AlreadyTraining, BadInput, NotFound
from bot.policy import check_owner
from bot.ports import Library, Store
from bot.texts import Text
from bot.usecases.optouts import check_wanted
from bot.usecases.services import Services
from bot.usecases.train import check_private, check_pulled
from trainer.manifest import DamagedPersona, read_manifest


async def list_jobs(services: Services, caller: Caller) -> list[Job]:
    """The latest ones, newest first."""
    return await services.store.jobs(space=caller.space)


async def find(store: Store, job_id: int) -> Job:
    """For the operator. Raises NotFound."""
    job = await store.job(job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}. `mynah jobs --all` lists those that there are.")
    return job


async def cancel(services: Services, caller: Caller, job_id: int) -> Job:
    """Stop a queued or running job; returns it as it is now. Raises NotFound, NotAllowed or BadInput."""
    job = await services.store.job(job_id)
    if job is None or not _sees(caller, job):
        raise NotFound(Text("There is no job {job}. /jobs lists them.", job=job_id))
    if caller.space:
        check_owner(caller, job.caller.user)
    cancelled = await services.jobs.cancel(job_id)
    job = await services.store.job(job_id) or job
    if not cancelled:
        raise BadInput(
            Text(
                "Job {job} (@{persona}) is already {state}; there is nothing to cancel.",
                job=job_id,
                persona=job.persona,
                state=state_text(job.state),
            )
        )
    return job


async def retry(services: Services, job_id: int) -> tuple[Job, int]:
    """Queue a failed or cancelled job's accounts again, for who asked for it; returns as bot.usecases.train.submit.

    The operator says so, hence nobody's quota stands against it. Raises UserError, or DiskFull.
    """
    job = await find(services.store, job_id)
    _check_over(job)
    _check_files(job, services.folders.uploads)
    services.folders.check_free_space()
    await check_wanted(services, [account.handle for account in job.accounts])
    voices = [Voice(account.handle, account.weight) for account in job.accounts]
    check_pulled(await services.store.persona(job.persona), voices, services.settings, job.fresh)
    await check_private(services, job.caller, job.accounts, job.fresh)
    try:
        again = await services.store.add_job(job.accounts, job.persona, job.caller, job.fresh)
    finally:
        services.jobs.wake()  # as in bot.usecases.train.submit
    await services.gate.count_training(job.caller)  # as it gets back what comes to nothing
    return again, await services.store.position(again.id)


async def became(library: Library, root: Path, job: Job) -> int | None:
    """The version that came of it, where that is still known. `root`: the data folder."""
    if job.state is not JobState.DONE:
        return None
    versions = [one for one in await library.versions() if one.persona == job.persona]
    made = (one.number for one in reversed(versions) if _maker(root / one.folder) == job.id)
    return next(made, None)


def _maker(folder: Path) -> int | None:
    """The job that has made a version. Of old ones nothing is left but their numbers."""
    try:
        lineage = read_manifest(folder).lineage
    except (DamagedPersona, OSError):
        return None
    return lineage.job if lineage else None


def _check_over(job: Job) -> None:
    """Raises BadInput, or AlreadyTraining for one that is still under way."""
    named = f"Job {job.id} (@{job.persona})"
    if job.state in {JobState.QUEUED, JobState.RUNNING}:
        raise AlreadyTraining(f"{named} is {job.state} still. To watch it: mynah jobs watch {job.id}", job.id)
    if not job.accounts:
        raise BadInput(f"{named} was forgotten with its persona, and where its posts were too. Use mynah train.")
    if job.state is JobState.DONE:
        raise BadInput(f"{named} is done; there is nothing to try again. For new posts, use mynah train.")


def _check_files(job: Job, uploads: Path) -> None:
    """Raises BadInput when the posts were in a file that is gone."""
    files = [account.reference for account in job.accounts if account.reference.startswith("file:")]
    for path in (Path(reference.removeprefix("file:")) for reference in files):
        if path.exists():
            continue
        if uploads in path.parents:
            raise BadInput(f"The file that was sent for job {job.id} was deleted at its end. It has to be sent again.")
        raise BadInput(f"The file of job {job.id}, {path}, isn't there any more. Put it back, or use mynah train.")


def _sees(caller: Caller, job: Job) -> bool:
    """Those of their space, and their own wherever they are."""
    mine = (caller.platform, caller.user) == (job.caller.platform, job.caller.user)
    return mine or caller.space in {"", job.caller.space}


def state_text(state: JobState) -> Text:
    return {
        JobState.QUEUED: Text("queued"),
        JobState.RUNNING: Text("running"),
        JobState.DONE: Text("done"),
        JobState.FAILED: Text("failed"),
        JobState.CANCELLED: Text("cancelled"),
    }[state]
