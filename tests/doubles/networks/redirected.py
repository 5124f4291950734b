"""For clients whose host is fixed, such as tweepy's."""

from __future__ import annotations

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, ClientSession
from yarl import URL


def redirected_session(host: str, url: str) -> ClientSession:
    """A session in which https://`host`/… is `url`/…"""
    server = URL(url)

    async def redirect(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.url.host == host:
            moved = request.url.with_scheme(server.scheme).with_host(server.host or "").with_port(server.port)
            request.update_host(moved)
            request.url = moved
        return await handler(request)

    return ClientSession(middlewares=(redirect,))
