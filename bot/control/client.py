"""The control socket's side in the CLI."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.control.operation import Line, Operation, P, R, Tell, raised, unheard
from bot.control.place import short
from bot.errors import OperatorError

FOREVER = aiohttp.ClientTimeout(total=None, sock_connect=5.0)
LINE_BYTES = 8 * 1024 * 1024
ENDED = (
    "The bot that runs has ended in the middle of it. What was there before is not lost; a training goes on with its "
    "next start."
)


@dataclass(frozen=True)
class Remote:
    """A bot that runs."""

    session: aiohttp.ClientSession

    async def perform(self, operation: Operation[P, R], params: P, tell: Tell = unheard) -> R:
        """Raises what the operation raises, or OperatorError when the bot ends meanwhile."""
        address, body = f"http://mynah/operations/{operation.name}", params.model_dump_json()
        try:
            async with self.session.post(address, data=body, timeout=FOREVER) as response:
                if response.status != 200:
                    raise OperatorError("The bot that runs is of another version. Restart it.")
                async for text in response.content:
                    line = Line.model_validate_json(text)
                    if line.event is not None:
                        await tell(line.event)
                    if line.error is not None:
                        raise raised(line.error)
                    if line.over:
                        return operation.result.validate_json(json.dumps(line.result))
        except aiohttp.ClientError as error:
            raise OperatorError(ENDED) from error
        raise OperatorError(ENDED)


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Remote | None]:
    """The bot that listens there, or None."""
    if not path.is_socket():  # noqa: ASYNC240 (a stat)
        yield None
        return
    with short(path) as name:
        connector = aiohttp.UnixConnector(path=name)
        async with aiohttp.ClientSession(connector=connector, read_bufsize=LINE_BYTES) as session:
            yield Remote(session) if await _answers(session) else None


async def _answers(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("http://mynah/", timeout=FOREVER):
            return True
    except aiohttp.ClientConnectionError:  # a killed process has left its socket
        return False
