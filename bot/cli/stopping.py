"""How `mynah run` ends: the first SIGTERM or Ctrl-C asks it to, a second one, or too long a stop, ends it at once."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

LATEST_SECONDS = 18.0  # after which a stop is cut: what looks after a service often kills after 20 or 30
logger = logging.getLogger(__name__)


@contextmanager
def obeying(stopping: asyncio.Event) -> Iterator[None]:
    """Meanwhile SIGTERM and Ctrl-C set `stopping`. SIGHUP, which would end the process, does nothing yet."""
    timers: list[threading.Timer] = []

    def ask(number: signal.Signals) -> None:
        if stopping.is_set():
            _end(number, "stopped at once; a training that ran begins again with the next start")
        logger.info("%s: stopping; once more, and it is at once", number.name)
        stopping.set()
        # In a thread: the loop itself may be what hangs.
        timer = threading.Timer(LATEST_SECONDS, _end, (number, f"still not stopped after {LATEST_SECONDS:.0f} s: cut"))
        timer.daemon = True
        timer.start()
        timers.append(timer)

    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, partial(ask, number))
    on_signal(signal.SIGHUP, lambda: logger.info("still starting: settings were read a moment ago"))
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()


def on_signal(number: signal.Signals, handle: Callable[[], object]) -> None:
    """In place of what it did before, for as long as this loop runs."""
    asyncio.get_running_loop().add_signal_handler(number, handle)


def _end(number: signal.Signals, why: str) -> NoReturn:
    """Workers end when their input does; what was recorded is safe, as after a kill."""
    logger.warning("%s", why)
    os._exit(128 + number)
