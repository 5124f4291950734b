"""Operations on jobs, and what people ask for: training, speaking."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.control.operation import Operation, Params, Tell
from bot.domain import Job
from bot.usecases import jobs
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR


class JobNumber(Params):
    job_id: int


async def _cancel(services: Services, params: JobNumber, tell: Tell) -> Job:
    return await jobs.cancel(services, OPERATOR, params.job_id)


CANCEL = Operation("job-cancel", JobNumber, TypeAdapter(Job), _cancel)

OPERATIONS = (CANCEL,)
