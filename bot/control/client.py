"""The control socket's side in the CLI."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from pydantic import ValidationError

from bot.control.operation import OTHER_VERSION, Line, Operation, P, R, Tell, raised, unheard
from bot.control.place import short
from bot.errors import DataDirInUse, OperatorError

PROBE = aiohttp.ClientTimeout(total=5.0)
FOREVER = aiohttp.ClientTimeout(total=None, sock_connect=5.0)
LINE_BYTES = 8 * 1024 * 1024
ENDED = (
    "The bot that runs has ended in the middle of it. What was there before is not lost; a training goes on with its "
    "next start."
)
TOO_MUCH = "That is more than the bot that runs takes at once. Ask for less, or stop the bot and run this again."
SILENT = (
    "A bot runs on this folder, but doesn't answer; its log, in logs/bot.log, may say why. Try again in a moment, or "
    "restart it."
)
OTHERS = "{} belongs to another user: run this as that user."


@dataclass(frozen=True)
class Remote:
    """A bot that runs."""

    session: aiohttp.ClientSession

    async def perform(self, operation: Operation[P, R], params: P, tell: Tell = unheard) -> R:
        """Raises what the operation raises, or OperatorError when the bot ends meanwhile."""
        address, body = f"http://mynah/operations/{operation.name}", io.BytesIO(params.model_dump_json().encode())
        try:
            async with self.session.post(address, data=body, timeout=FOREVER) as response:
                if response.status != 200:
                    raise OperatorError(TOO_MUCH if response.status == 413 else OTHER_VERSION)
                async for text in response.content:
                    with _understood():
                        line = Line.model_validate_json(text)
                    if line.event is not None:
                        await tell(line.event)
                    if line.error is not None:
                        raise raised(line.error)
                    if line.over:
                        with _understood():
                            return operation.result.validate_json(json.dumps(line.result))
        except aiohttp.ClientError as error:
            raise OperatorError(ENDED) from error
        raise OperatorError(ENDED)


@contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except ValidationError as error:
        raise OperatorError(OTHER_VERSION) from error


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Remote | None]:
    """The bot that listens there, or None. Raises OperatorError: another user's; DataDirInUse: it doesn't answer."""
    if not _is_socket(path):
        yield None
        return
    with short(path) as name:
        connector = aiohttp.UnixConnector(path=name)
        async with aiohttp.ClientSession(connector=connector, read_bufsize=LINE_BYTES) as session:
            yield Remote(session) if await _answers(session, path) else None


def _is_socket(path: Path) -> bool:
    try:
        return stat.S_ISSOCK(path.stat().st_mode)
    except PermissionError as error:
        raise OperatorError(OTHERS.format(f"The data folder {path.parent}")) from error
    except OSError:
        return False


async def _answers(session: aiohttp.ClientSession, path: Path) -> bool:
    try:
        async with session.get("http://mynah/", timeout=PROBE):
            return True
    except TimeoutError as error:
        raise DataDirInUse(SILENT) from error
    except aiohttp.ClientConnectorError as error:
        if isinstance(error.os_error, PermissionError):
            raise OperatorError(OTHERS.format(f"The bot that runs on {path.parent}")) from error
        return False  # a killed process has left its socket
    except aiohttp.ClientConnectionError:  # it ends just now
        return False
