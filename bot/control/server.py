"""The control socket's side in the bot that runs: HTTP over a Unix socket; answers are lines of JSON.

`POST /operations/<name>` does what bot.control.operations has under that name. Whoever goes away cancels it.
`GET /healthz` and `/readyz` are for `mynah health`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from bot import traces
from bot.control.operation import OTHER_VERSION, Event, Gone, Operation, Tell, error_line, event_line, result_line
from bot.control.operations import OPERATIONS
from bot.control.place import private_socket
from bot.errors import MynahError, OperatorError
from bot.monitoring.server import health_routes
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR

BODY_BYTES = 64 * 1024 * 1024
SHUTDOWN_SECONDS = 1.0  # for operations under way when the bot stops
logger = logging.getLogger(__name__)


@asynccontextmanager
async def listening(services: Services, path: Path) -> AsyncIterator[None]:
    """Take operations meanwhile. Where there can be no socket, the bot runs without."""
    with ExitStack() as stack:
        try:
            socket = stack.enter_context(private_socket(path))
        except OSError as error:
            logger.warning("no control socket (%s): commands of the CLI that change something have to wait", error)
            yield
            return
        runner = web.AppRunner(
            _application(services), handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.SockSite(runner, socket).start()
            yield
        finally:
            await runner.cleanup()


def _application(services: Services) -> web.Application:
    async def operate(request: web.Request) -> web.StreamResponse:
        return await _operate(services, request)

    application = web.Application(client_max_size=BODY_BYTES)
    application.add_routes([web.post("/operations/{name}", operate), *health_routes(services)])
    return application


async def _operate(services: Services, request: web.Request) -> web.StreamResponse:
    operation = OPERATIONS.get(request.match_info["name"])
    if operation is None:
        raise web.HTTPNotFound
    body = await request.read()  # whole, or 413, before anything is answered
    response = web.StreamResponse(headers={"Content-Type": "application/jsonl"})
    await response.prepare(request)

    async def tell(event: Event) -> None:
        try:
            await response.write(event_line(event))
        except ConnectionError as error:
            raise Gone from error

    end = await _perform(services, operation, body, tell)
    with suppress(ConnectionError):  # they have gone
        await response.write(end)
        await response.write_eof()
    return response


async def _perform(services: Services, operation: Operation[Any, Any], body: bytes, tell: Tell) -> bytes:
    """The last line of the answer."""
    with traces.request(OPERATOR.platform, operation=operation.name):
        return await _answer(services, operation, body, tell)


async def _answer(services: Services, operation: Operation[Any, Any], body: bytes, tell: Tell) -> bytes:
    try:
        params = operation.params.model_validate_json(body)
    except ValidationError:
        return error_line(OperatorError(OTHER_VERSION))
    try:
        return result_line(operation, await operation.run(services, params, tell))
    except MynahError as error:
        return error_line(error)
    except Gone:
        return b""
    except Exception as error:
        logger.exception("operation %s failed", operation.name)
        reason = f"Something went wrong inside the bot that runs ({type(error).__name__}); its log has more."
        return error_line(OperatorError(reason))
