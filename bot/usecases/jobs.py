"""Trainings, past and present, and stopping one."""

from __future__ import annotations

from bot.domain import Caller, Job, JobState
from bot.errors import BadInput, NotFound
from bot.policy import check_owner
from bot.texts import Text
from bot.usecases.services import Services


async def list_jobs(services: Services, caller: Caller) -> list[Job]:
    """The latest ones, newest first."""
    return await services.store.jobs(space=caller.space)


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
