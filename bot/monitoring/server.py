"""/metrics, /healthz and /readyz over HTTP; the last two on the control socket as well."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from bot.monitoring.figures import exposition
from bot.monitoring.readiness import readiness
from bot.settings import MetricsSettings
from bot.usecases.services import Services

SHUTDOWN_SECONDS = 1.0  # for who is being answered when the bot stops
logger = logging.getLogger(__name__)


def health_routes(services: Services) -> list[web.RouteDef]:
    async def alive(request: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def ready(request: web.Request) -> web.Response:
        found = await readiness(services)
        return web.Response(status=found.status, text=found.to_json(), content_type="application/json")

    return [web.get("/healthz", alive), web.get("/readyz", ready)]


def application(services: Services) -> web.Application:
    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=await exposition(services), headers={"Content-Type": CONTENT_TYPE_LATEST})

    made = web.Application()
    made.add_routes([web.get("/metrics", metrics), *health_routes(services)])
    return made


@asynccontextmanager
async def watched(services: Services, settings: MetricsSettings) -> AsyncIterator[None]:
    """Answer meanwhile. Where the port is taken, the bot runs without."""
    if not settings.port:
        yield
        return
    runner = web.AppRunner(application(services), access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await _listen(runner, settings)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, settings: MetricsSettings) -> None:
    try:
        await web.TCPSite(runner, settings.listen, settings.port).start()
    except OSError as error:
        logger.warning(
            "no metrics: metrics.listen and metrics.port, %s:%d, can't be listened at (%s)",
            settings.listen,
            settings.port,
            error.strerror,
        )
    else:
        logger.info("metrics on http://%s:%d/metrics", settings.listen, settings.port)
