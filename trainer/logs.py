"""Structured logs: structlog over the standard library's logging, for the bot and its workers alike. No torch.

Every record, of ours or of a library's, becomes one JSON line: timestamp, level, logger, event, and what is known
besides, such as the request_id or the job_id that it is about (structlog.contextvars).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.processors import format_exc_info
from structlog.stdlib import BoundLogger, LoggerFactory, ProcessorFormatter, filter_by_level

from trainer.logfile import LogFile
from trainer.loglines import for_people
from trainer.protocol import Trace

MEGABYTE = 1024 * 1024
OURS = ("bot", "trainer")  # loggers
STDOUT, STDERR = 1, 2
INPUT = re.compile(r"input_value=.*?, input_type=", re.DOTALL)  # in pydantic's errors: people's texts, files' contents

Event = MutableMapping[str, Any]
Step = Callable[[Any, str, Event], Event]

structlog.configure(
    processors=[filter_by_level, merge_contextvars, ProcessorFormatter.wrap_for_formatter],
    logger_factory=LoggerFactory(),
    wrapper_class=BoundLogger,
    cache_logger_on_first_use=True,
)


def get_logger(name: str) -> BoundLogger:
    """One that takes what is known by name: `log.info("loaded", key=key)`."""
    logger: BoundLogger = structlog.get_logger(name)
    return logger


def set_up(role: str, path: Path | None, level: str, megabytes: int) -> None:
    """Of a worker: JSON lines into a file, which stderr and stdout are from now on; without one, text on stderr.

    Raises OSError.
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if path is not None:
        handler = LogFile(path, megabytes * MEGABYTE, streams=(STDOUT, STDERR))
    own = {"role": role, "pid": os.getpid()}
    handler.setFormatter(json_lines(own) if path is not None else text_lines(sys.stderr.isatty(), own))
    logging.getLogger().handlers[:] = [handler]
    logging.captureWarnings(True)
    use_level(level)


def use_level(level: str) -> None:
    """Of what we log. What libraries have to say at "debug" has people's texts and tokens in it: never that."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger().setLevel(max(number, logging.INFO))
    for name in OURS:
        logging.getLogger(name).setLevel(number)


def bound(trace: Trace) -> AbstractContextManager[None]:
    """Meanwhile lines say what they are about."""
    return bound_contextvars(**trace.known)


def json_lines(fixed: Mapping[str, object] | None = None, *more: Step) -> logging.Formatter:
    """`fixed` is in every line; `more` are last changes to it."""
    encoder = json.JSONEncoder(ensure_ascii=False, default=str)  # made once: that is half of a line's time
    return _formatter(fixed or {}, more, lambda _, __, event: encoder.encode(event))


def text_lines(colour: bool, fixed: Mapping[str, object] | None = None, *more: Step) -> logging.Formatter:
    """For people."""
    return _formatter(fixed or {}, more, lambda _, __, event: for_people(event, str(event["logger"]), colour))


def _formatter(fixed: Mapping[str, object], more: tuple[Step, ...], render: Any) -> logging.Formatter:
    steps = [format_exc_info, partial(_shaped, fixed), *more, render]
    return ProcessorFormatter(foreign_pre_chain=[merge_contextvars], processors=steps)


def _shaped(fixed: Mapping[str, object], logger: Any, method: str, event: Event) -> Event:
    record: logging.LogRecord = event.pop("_record")
    del event["_from_structlog"]
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    if "exception" in event:
        event["exception"] = INPUT.sub("input_value=…, input_type=", event["exception"])
    return {
        "timestamp": when.removesuffix("+00:00") + "Z",
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": event.pop("event"),
        **fixed,
        **event,
    }


def milliseconds(seconds: float) -> float:
    """As lines have them."""
    return round(seconds * 1000, 1)
