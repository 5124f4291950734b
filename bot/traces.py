"""What a piece of work is about: somebody's request, or a job. Log lines have it, in the workers as well.

It is known to a task and to tasks that it starts (contextvars).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import Context, copy_context

from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, get_contextvars

from trainer.protocol import Request, Trace


@contextmanager
def request(platform: str, **known: str) -> Iterator[None]:
    """Meanwhile something is done that somebody has asked for there. One within another is the same."""
    if "request_id" in get_contextvars():
        yield
        return
    with bound_contextvars(**_new(platform), **known):
        yield


def begin_request(platform: str) -> None:
    """The same for the rest of a task that does nothing else."""
    bind_contextvars(**_new(platform))


def job(job_id: int) -> AbstractContextManager[None]:
    """Meanwhile that job is at work."""
    return bound_contextvars(job_id=job_id)


def nobodys() -> Context:
    """For a task that lives longer than the request that happens to start it."""
    context = copy_context()
    context.run(clear_contextvars)
    return context


def traced(message: Request) -> Request:
    """With what it is about, where it has room for that."""
    if "trace" not in type(message).model_fields:
        return message
    known = get_contextvars()
    trace = Trace(request_id=known.get("request_id", ""), job_id=known.get("job_id"))
    return message.model_copy(update={"trace": trace})


def _new(platform: str) -> dict[str, str]:
    return {"request_id": secrets.token_hex(4), "platform": platform}
