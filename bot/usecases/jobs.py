"""Trainings, past and present, and stopping one."""

from __future__ import annotations

from bot.domain import Job
from bot.errors import BadInput, NotFound
from bot.usecases.services import Services


async def list_jobs(services: Services) -> list[Job]:
    """The latest ones, newest first."""
    return await services.store.jobs()


async def cancel(services: Services, job_id: int) -> Job:
    """Stop a queued or running job; returns it as it is now. Raises NotFound or BadInput."""
    job = await services.store.job(job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}. /jobs lists them.")
    cancelled = await services.jobs.cancel(job_id)
    job = await services.store.job(job_id) or job
    if not cancelled:
        raise BadInput(f"Job {job_id} (@{job.persona}) is already {job.state}; there is nothing to cancel.")
    return job
