"""Who runs on the data folder, and whose the ports are that a bot listens on."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from collections.abc import Callable
from pathlib import Path

from bot.control.client import connected
from bot.errors import OperatorError
from bot.folders import Folders
from bot.settings import Settings
from bot.setup.check import Check, doubtful, fine, wrong

NAME = "Bot"


async def runs(folders: Folders) -> bool:
    """Whether a bot answers on its control socket."""
    try:
        async with connected(folders.control) as remote:
            return remote is not None
    except OperatorError:  # it hangs, or is another user's
        return False


def bot(folders: Folders, answers: bool) -> Check:
    if answers:
        return fine(NAME, "runs on this folder, and takes commands")
    if is_held(folders.lock):
        return doubtful(
            NAME,
            "a mynah runs on this folder, but doesn't answer on its control socket: commands that change something "
            "have to wait for its end",
            "It may be starting or stopping, or be another user's. Else restart it.",
        )
    return fine(NAME, "none runs on this folder")


def is_held(lock: Path) -> bool:
    """Asks for a moment's shared lock. Makes no file."""
    try:
        descriptor = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


def ports(settings: Settings, answers: bool) -> list[Check]:
    """Those that `mynah run` listens on. `answers`: a bot runs, which has them."""
    metrics, telegram, checks = settings.metrics, settings.telegram, list[Check]()
    if metrics.port:  # without it a bot runs all the same
        problem = _problem(metrics.listen, metrics.port, answers)
        checks.append(_port("Metrics port", "metrics.port", f"{metrics.listen}:{metrics.port}", problem, doubtful))
    if telegram.token is not None and telegram.webhook_url is not None:
        place = f"{telegram.webhook_listen}:{telegram.webhook_port}"
        problem = _problem(telegram.webhook_listen, telegram.webhook_port, answers)
        checks.append(_port("Webhook port", "telegram.webhook_port", place, problem, wrong))
    return checks


def _problem(address: str, port: int, answers: bool) -> int | None:
    number = bind_problem(address, port)
    return None if answers and number == errno.EADDRINUSE else number  # by the bot that runs


def _port(name: str, key: str, place: str, problem: int | None, bad: Callable[[str, str, str], Check]) -> Check:
    if problem is None:
        return fine(name, f"{place} is free, or the bot's that runs")
    why = "another program's" if problem == errno.EADDRINUSE else f"not to be had: {os.strerror(problem)}"
    return bad(name, f"{place} is {why}", f"Set {key} to a port that is free, on an address of this machine.")


def bind_problem(address: str, port: int) -> int | None:
    """The error's number, where nobody could listen there."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            one.bind(place)
    except socket.gaierror:
        return errno.EADDRNOTAVAIL
    except OSError as error:
        return error.errno
    return None
