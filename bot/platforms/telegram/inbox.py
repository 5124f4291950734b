"""Updates on their way from Telegram to their handlers: stored before Telegram is told that we have them.

So a kill loses none; and one that comes twice is taken once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

import telegram
from telegram import Update

from bot.errors import OperatorError
from bot.platforms.telegram.message import Sent, sent_at
from bot.ports import Inbox

TRIES = 2  # processes that may die over an update
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrival:
    """`before`: what the process before this one has shown for it, which has left it `again`.

    `hopeless`: several have died over it.
    """

    update: Update
    stored: bool = False
    before: Sent | None = None
    again: bool = False
    hopeless: bool = False


class Arrivals(asyncio.Queue[object]):
    """The queue that the library's Updater fills: `put` is its one seam between receiving and confirming.

    `inbox` is the store's. Only what `concerns` us is stored: in groups, a bot may hear what isn't meant for it.
    """

    def __init__(self, inbox: Inbox, concerns: Callable[[Update], bool]) -> None:
        super().__init__()
        self.inbox, self.concerns = inbox, concerns
        self.waiting: asyncio.Queue[Arrival] = asyncio.Queue()

    async def put(self, item: object) -> None:
        if not isinstance(item, Update):
            return
        try:
            stored = self.concerns(item)
            if not stored or await self._is_new(item):
                self.waiting.put_nowait(Arrival(item, stored))
        except Exception:  # it would end the polling for good
            logger.exception("an update can't be taken in")

    async def _is_new(self, update: Update) -> bool:
        try:
            return await self.inbox.keep(update.update_id, update.to_json())
        except OperatorError as error:  # a full disk; better answered now than never
            logger.error("an update can't be stored: %s", error)
            return True

    async def reopen(self, bot: telegram.Bot) -> None:
        """What the process before has left."""
        for letter in await self.inbox.reopen():
            try:
                update = Update.de_json(json.loads(letter.content), bot)
                before = sent_at(letter.note) if letter.note else None
                self.waiting.put_nowait(Arrival(update, True, before, True, letter.tries > TRIES))
            except Exception:
                logger.exception("update %d can't be read", letter.number)
                await self.inbox.done(letter.number)
