"""Operations on jobs, and what people ask for: training, speaking."""

from __future__ import annotations

from contextlib import aclosing

from pydantic import TypeAdapter

from bot.arguments import TrainArguments
from bot.control.operation import Note, Nothing, Operation, Params, Tell
from bot.domain import Job, JobState, Utterance
from bot.errors import NotFound
from bot.render import ordinal
from bot.replies import Submitted
from bot.usecases import jobs, say, train
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR
from bot.watching import UNFINISHED, News
from trainer.protocol import Progress


class Wanted(Params):
    """Paths of files are absolute: who runs it may be in another folder."""

    arguments: TrainArguments


class Saying(Params):
    """`stream`: pieces are told on the way."""

    prompt: str
    persona: str | None = None
    n: int = 1
    stream: bool = False


class JobNumber(Params):
    job_id: int


class Watched(Params):
    """None: the one that is running, or else the next one."""

    job_id: int | None = None


async def _train(services: Services, params: Wanted, tell: Tell) -> Submitted:
    return Submitted(*await train.submit(services, OPERATOR, params.arguments))


async def _say(services: Services, params: Saying, tell: Tell) -> Utterance:
    wanted = (params.persona, params.prompt, params.n)
    async with aclosing(say.say(services, OPERATOR, *wanted, stream=params.stream)) as events:
        async for event in events:
            if isinstance(event, Utterance):
                return event
            await tell(event)
    raise AssertionError  # the last event is an utterance


async def _watch(services: Services, params: Watched, tell: Tell) -> Job:
    """Tells first where the job stands, if it hasn't ended; returns it as it is at the end."""
    job = await _under_way(services) if params.job_id is None else await jobs.find(services.store, params.job_id)
    if job.state in UNFINISHED:
        await tell(Note(text=await _standing(services, job)))
        now = services.jobs.progress
        await tell(News(job, progress=now[1] if now and now[0] == job.id else None))
    async with aclosing(services.watchers.watch(job.id, services.store, services.jobs)) as events:
        async for news in events:
            await tell(news)
    return await jobs.find(services.store, job.id)


async def _under_way(services: Services) -> Job:
    """The first one: jobs are claimed in the order of their numbers. Raises NotFound."""
    for job in await services.store.unfinished_jobs():
        return job
    raise NotFound("Nothing is being trained at the moment, and nothing waits. `mynah jobs` lists what was.")


async def _standing(services: Services, job: Job) -> str:
    position = await services.store.position(job.id)
    what = f"waits, {ordinal(position + 1)} in the queue" if job.state is JobState.QUEUED else "is being trained"
    return f"@{job.persona} {what} (job {job.id}). `mynah jobs cancel {job.id}` stops it."


async def _progress(services: Services, params: Nothing, tell: Tell) -> tuple[int, Progress] | None:
    return services.jobs.progress


async def _cancel(services: Services, params: JobNumber, tell: Tell) -> Job:
    return await jobs.cancel(services, OPERATOR, (await jobs.find(services.store, params.job_id)).id)


async def _retry(services: Services, params: JobNumber, tell: Tell) -> Submitted:
    return Submitted(*await jobs.retry(services, params.job_id))


TRAIN = Operation("train", Wanted, TypeAdapter(Submitted), _train)
SAY = Operation("say", Saying, TypeAdapter(Utterance), _say)
WATCH = Operation("watch", Watched, TypeAdapter(Job), _watch)
PROGRESS = Operation("job-progress", Nothing, TypeAdapter(tuple[int, Progress] | None), _progress)
CANCEL = Operation("job-cancel", JobNumber, TypeAdapter(Job), _cancel)
RETRY = Operation("job-retry", JobNumber, TypeAdapter(Submitted), _retry)

OPERATIONS = (TRAIN, SAY, WATCH, PROGRESS, CANCEL, RETRY)
