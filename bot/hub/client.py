"""bot.ports.Hub, each call in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from bot.hub.fetching import pull
from bot.hub.library import check_name, has_token, open_client
from bot.hub.sending import push
from bot.hub.troubles import Asked, told
from bot.settings import HubSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")


class HuggingFaceHub:
    """A call that is cancelled goes on for as long as the process does; the next one finds what it has got done."""

    def __init__(self, settings: HubSettings) -> None:
        self.settings = settings
        self.endpoint = settings.endpoint.rstrip("/")

    async def push(self, folder: Path, repo: str, public: bool, message: str) -> str:
        """A repository that is there already stays as open or as private as it is: what differs is refused."""
        return await self._call(Asked(self.endpoint, repo), lambda api: push(api, folder, repo, public, message), True)

    async def pull(self, repo: str, revision: str | None, to: Path) -> str:
        """`to` is for this repository alone."""
        return await self._call(Asked(self.endpoint, repo, revision), lambda api: pull(api, repo, revision, to))

    async def _call(self, asked: Asked, work: Callable[[HfApi], str], writes: bool = False) -> str:
        def call() -> str:
            with told(asked):
                api = open_client(self.endpoint, self.settings.token)
                check_name(asked.repo)
                if writes and not has_token(api):
                    raise asked.refusal("token")
                return work(api)

        return await _apart(call)


async def _apart(work: Callable[[], T]) -> T:
    """In a thread that nobody waits for when the process ends, unlike asyncio's own: it can't be stopped otherwise."""
    done: Future[T] = Future()

    def run() -> None:
        done.set_running_or_notify_cancel()
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=run, name="hub", daemon=True).start()
    return await asyncio.wrap_future(done)
