"""How the CLI tells of jobs: a row, all that is known, where one stands. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from bot.cli.output import printable
from bot.domain import AccountSource, Caller, Job, JobState
from bot.figures import duration
from bot.render import ago, clock, table
from trainer.protocol import Progress

COLUMNS = ("job", "persona", "state", "where", "asked", "time")
PERSONA = 1
UNKNOWN = "–"


def row(job: Job, now: datetime, progress: Progress | None, alone: bool = False) -> tuple[str, ...]:
    """`time`: how far a running one is, how long one that has ended has run. `alone`: no bot runs."""
    time = brief(progress) if progress else duration(ran) if (ran := ran_seconds(job)) is not None else UNKNOWN
    where = job.caller.platform or UNKNOWN
    return str(job.id), f"@{job.persona}", state_of(job, alone), where, ago(now - job.created_at), time


def is_interrupted(job: Job, alone: bool) -> bool:
    """It is recorded as running, but no bot runs: that was killed, or stopped."""
    return alone and job.state is JobState.RUNNING


def state_of(job: Job, alone: bool) -> str:
    return "interrupted" if is_interrupted(job, alone) else str(job.state)


def brief(progress: Progress) -> str:
    """`train 45%, 0:32 left`"""
    share = f" {100 * progress.done // progress.total}%" if progress.total else ""
    left = f", {clock(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    return f"{progress.stage}{share}{left}"


def facts(
    job: Job, progress: Progress | None = None, version: int | None = None, alone: bool = False
) -> dict[str, object]:
    """For programs; `state` is as it is recorded."""
    times = {"waited_seconds": waited_seconds(job), "ran_seconds": ran_seconds(job)}
    interrupted = is_interrupted(job, alone)
    return {**asdict(job), **times, "interrupted": interrupted, "progress": progress, "version": version}


def waited_seconds(job: Job) -> float | None:
    """Until its last start."""
    return (job.started_at - job.created_at).total_seconds() if job.started_at else None


def ran_seconds(job: Job) -> float | None:
    """Since its last start, once it has ended."""
    if job.started_at is None or job.finished_at is None:
        return None
    return (job.finished_at - job.started_at).total_seconds()


def details(job: Job, progress: Progress | None, version: int | None, alone: bool = False) -> str:
    """All that is known, for people."""
    waited, ran = waited_seconds(job), ran_seconds(job)
    rows = [
        *(("  Account", _account(account)) for account in job.accounts),
        ("  Asked", _who(job.caller)),
        ("  Queued", _at(job.created_at)),
        ("  Started", "not yet" if waited is None else f"{_at(job.started_at)}, after {duration(waited)}"),
        ("  Ended", _at(job.finished_at) + (f", after {duration(ran)}" if ran is not None else "")),
        ("  Attempts", f"{job.attempts}{', starting over' if job.fresh else ''}"),
        *([("  Now", brief(progress))] if progress else []),
        *([("  Became", f"version {version}")] if version is not None else []),
    ]
    head = f"Job {job.id} · @{job.persona} · {state_of(job, alone)}"
    facts = table([(name, printable(value)) for name, value in rows])
    return "\n".join(
        [printable(head), facts, *(f"  {printable(one)}" for one in (job.error, _next(job, alone)) if one)]
    )


def _next(job: Job, alone: bool) -> str:
    """What to do about one that has come to nothing, or doesn't go on by itself."""
    if is_interrupted(job, alone):
        return "It goes on with `mynah run` or `mynah console`."
    again = job.state in {JobState.FAILED, JobState.CANCELLED} and job.accounts
    return f"To try it again: mynah jobs retry {job.id}" if again else ""


def _account(account: AccountSource) -> str:
    parts = [
        f"@{account.handle} from {account.reference}",
        *([f"only “{account.part}”"] if account.part else []),
        *([f"weight {account.weight:g}"] if account.weight != 1 else []),
        *([f"in {account.language}"] if account.language else []),
    ]
    return ", ".join(parts)


def _who(caller: Caller) -> str:
    if not caller.user:
        return f"on {caller.platform}; by whom was forgotten with the persona"
    if not caller.space:
        return f"by you, on the {caller.channel}" if caller.platform == "console" else f"by {caller.user}"
    place = "in private" if caller.private else f"in {caller.space}, channel {caller.channel}"
    return f"by {caller.platform}:{caller.user} {place}, in {caller.locale}"


def _at(time: datetime | None) -> str:
    return f"{time.astimezone():%Y-%m-%d %H:%M:%S %Z}" if time else "not yet"


def standing(job: Job, now: datetime) -> str:
    """Of a job that nobody is at work on."""
    return printable(_standing(job, now))


def _standing(job: Job, now: datetime) -> str:
    named = f"Job {job.id} (@{job.persona})"
    when = ago(now - (job.finished_at or job.created_at))
    match job.state:
        case JobState.QUEUED:
            return f"{named} was queued {when}; it starts with `mynah run` or `mynah console`."
        case JobState.RUNNING:
            return f"{named} was interrupted; it goes on with `mynah run` or `mynah console`."
        case JobState.DONE:
            return f"{named} is done: it ended {when}. `mynah jobs show {job.id}` has more."
        case JobState.FAILED:
            return f"{named} failed {when}: {job.error or 'why was forgotten with the persona.'}"
        case JobState.CANCELLED:
            return f"{named} was cancelled {when}."
