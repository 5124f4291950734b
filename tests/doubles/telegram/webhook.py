"""How updates are brought to the bot."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import aiohttp

from tests.doubles.changes import Clock
from tests.doubles.telegram.updates import Update, Updates

Json = dict[str, Any]
HEADER = "X-Telegram-Bot-Api-Secret-Token"


class Webhook:
    """Up to `connections` updates at once, but those of one chat in order; what fails is tried again and again."""

    def __init__(self, updates: Updates, clock: Clock) -> None:
        self.updates, self.clock = updates, clock
        self.url, self.secret, self.connections = "", "", 40
        self.pause, self.longest_pause = 0.1, 2.0  # seconds after a first failure, and at most
        self.patience = 60.0  # seconds for an answer
        self.paused = False  # while nothing goes through
        self.attempts: list[tuple[int, int]] = []  # update ids, and the status, 0 where there was none
        self._error: Json = {}
        self._busy: dict[int, asyncio.Task[None]] = {}  # by queue
        self._task: asyncio.Task[None] | None = None

    def set(self, url: str, secret: str = "", connections: int = 40) -> None:
        if url != self.url:
            self._stop_deliveries()
        self.url, self.secret, self.connections, self._error = url, secret, connections, {}
        self.updates.changes.tell()

    def info(self) -> Json:
        whole: Json = {"url": self.url, "has_custom_certificate": False}
        return whole | ({"max_connections": self.connections} if self.url else {}) | self._error

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        self._stop_deliveries()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _stop_deliveries(self) -> None:
        for task in self._busy.values():
            task.cancel()
        self._busy.clear()

    async def _run(self) -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                if self.url and not self.paused:
                    self._begin(session)
                await self.updates.changes.next()

    def _begin(self, session: aiohttp.ClientSession) -> None:
        for update in self.updates.pending:
            if len(self._busy) < self.connections and update.queue not in self._busy:
                self._busy[update.queue] = asyncio.create_task(self._deliver(session, update))

    async def _deliver(self, session: aiohttp.ClientSession, update: Update) -> None:
        pause = self.pause
        try:
            while update in self.updates.pending and not await self._try(session, update):
                await asyncio.sleep(pause)
                pause = min(pause * 2, self.longest_pause)
            if update in self.updates.pending:
                self.updates.pending.remove(update)
        finally:
            if self._busy.get(update.queue) is asyncio.current_task():
                del self._busy[update.queue]
            self.updates.changes.tell()

    async def _try(self, session: aiohttp.ClientSession, update: Update) -> bool:
        if self.paused:
            return False
        headers = {HEADER: self.secret} if self.secret else {}
        timeout = aiohttp.ClientTimeout(self.patience)
        self.updates.handed_out.append(update.id)
        update.hand_over()
        try:
            async with session.post(self.url, json=update.payload(), headers=headers, timeout=timeout) as response:
                await response.read()
                return self._note(update, response.status, f"Wrong response from the webhook: {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._note(update, 0, "Connection refused" if isinstance(error, OSError) else "Read timeout expired")

    def _note(self, update: Update, status: int, text: str) -> bool:
        self.attempts.append((update.id, status))
        delivered = 200 <= status < 300
        if not delivered:
            self._error = {"last_error_date": self.clock.unix(), "last_error_message": text}
        self.updates.changes.tell()
        return delivered
